import { pino } from "pino";
import { type CatalogIndex, definitionOf, indexCatalog } from "../catalog.ts";
import type { JobCatalog } from "../define-job.ts";
import type { ClaimedJob, Job } from "../job.ts";
import { formatJobId } from "../job-id.ts";
import { readOutcome } from "../outcome.ts";
import { parsePayload, serializePayload, serializeResult } from "../payload.ts";
import { checkResult } from "../results.ts";
import type { NewJob, Transaction } from "../store.ts";
import { AbortSwitch } from "../worker/abort-switch.ts";
import type { ContextParts, RunContext } from "../worker/job-context.ts";
import { type Reporter, ReportRounds } from "../worker/report-rounds.ts";

/** What a run is to be, and what it finds. */
export interface RunScene {
  /** Which run it is to be: 1 of 5 by default. */
  readonly attempt?: number;
  readonly maxAttempts?: number;
  readonly workflowId?: string | null;
  readonly slotAt?: Date | null;
  /** What `ctx.parents()` gives. */
  readonly parents?: readonly Job[];
  /** Results of steps that an earlier attempt has recorded, by name: `ctx.once` gives them back. */
  readonly steps?: Readonly<Record<string, unknown>>;
  /** Aborts the handler's signal. */
  readonly signal?: AbortSignal;
}

/** What one run of a handler came to; nothing of it is stored. */
export interface HandlerRun<Tables> {
  readonly outcome: "completed" | "snoozed" | "cancelled";
  /** What it returned, as it would be stored. */
  readonly result: unknown;
  /** How long it asked to be put off, in milliseconds; null unless it did. */
  readonly snoozeMs: number | null;
  /** What it enqueued, checked and with every default filled in; `payload` is JSON text. */
  readonly enqueued: readonly NewJob[];
  /** SQL that would commit with its completion. */
  readonly effects: readonly ((tx: Transaction<Tables>) => Promise<void>)[];
  /** What it reported as its progress, in its order: each value, where a worker stores some. */
  readonly progress: readonly unknown[];
  /** Steps that have been recorded, those given included. */
  readonly steps: Readonly<Record<string, unknown>>;
}

/** Nothing is stored, so nothing is encrypted: no key is needed, and a test reads what a handler asked for. */
export function plainCatalog(jobs: JobCatalog): CatalogIndex {
  return indexCatalog(jobs.map((job) => ({ ...job, encrypted: false })));
}

/** One run that stores nothing: what its context is made of, and the steps it records. */
export class TestedRun {
  readonly parts: ContextParts;
  readonly #steps: Map<string, string>;
  readonly #rounds = new EveryProgress();

  /**
   * @param payload as a caller gives it
   * @param seq tells the jobs of a batch apart
   * @throws {PayloadInvalidError | JobTypeUnknownError} as an enqueue and a worker do
   */
  constructor(catalog: CatalogIndex, type: string, payload: unknown, scene: RunScene, seq = 1) {
    const { parents = [], steps: recorded = {}, signal } = scene;
    const steps = new Map(Object.entries(recorded).map(([name, value]) => [name, JSON.stringify(value)]));
    const abort = new AbortSwitch();
    if (signal?.aborted) abort.abort(signal.reason);
    else signal?.addEventListener("abort", () => abort.abort(signal.reason), { once: true });
    this.#steps = steps;
    this.parts = {
      job: jobFor(catalog, type, payload, scene, seq),
      catalog,
      abort,
      run: { log: pino({ enabled: false }) },
      rounds: this.#rounds,
      store: {
        parents: async () => parents,
        readStep: async (_, step) => steps.get(step),
        recordStep: async (_, step, result) => {
          steps.set(step, result);
          return true;
        },
      },
    };
  }

  get steps(): HandlerRun<unknown>["steps"] {
    return Object.fromEntries([...this.#steps].map(([name, json]) => [name, JSON.parse(json)]));
  }

  get progress(): HandlerRun<unknown>["progress"] {
    return this.#rounds.told;
  }

  /**
   * What a run comes to whose handler returned this.
   * @throws {ResultInvalidError} if it does not fit its type's schema
   */
  endedWith<Tables>(value: unknown, { asked }: Pick<RunContext, "asked">): HandlerRun<Tables> {
    const { catalog, job } = this.parts;
    const returned = readOutcome(value);
    const result = returned.kind === "complete" ? returned.result : undefined;
    const stored = result === undefined ? undefined : JSON.parse(serializeResult(`a "${job.type}"`, result));
    if (returned.kind === "complete") checkResult(catalog, job.type, stored);
    return {
      outcome:
        returned.kind === "complete" ? "completed" : returned.kind === "snooze" ? "snoozed" : "cancelled",
      result: stored ?? null,
      snoozeMs: returned.kind === "snooze" ? returned.delayMs : null,
      enqueued: asked.followUps,
      // What a handler may write to is known where it is called.
      effects: asked.effects as HandlerRun<Tables>["effects"],
      progress: this.progress,
      steps: this.steps,
    };
  }
}

/** Takes each value as it is reported, and stores none. */
class EveryProgress extends ReportRounds {
  readonly told: unknown[] = [];

  constructor() {
    super({ report: async (told) => told.map(() => true) });
  }

  override add(reporter: Reporter): void {
    const progress = reporter.take()?.progress;
    if (progress !== undefined) this.told.push(JSON.parse(progress));
    reporter.stored();
  }
}

function jobFor(
  catalog: CatalogIndex,
  type: string,
  payload: unknown,
  { attempt = 1, maxAttempts = 5, workflowId = null, slotAt = null }: RunScene,
  seq: number,
): ClaimedJob {
  const { payload: schema, version } = definitionOf(catalog, type);
  const at = new Date(0);
  return {
    id: formatJobId(0, seq),
    type,
    payload: parsePayload(type, schema, JSON.parse(serializePayload(type, payload))),
    payloadVersion: version,
    keyId: null,
    priority: 5,
    attempt,
    maxAttempts,
    workflowId,
    scheduledAt: at,
    createdAt: at,
    claimedAt: at,
    slotAt,
    workerId: "test",
    leaseToken: 1,
    generation: 0,
    suspect: false,
  };
}
