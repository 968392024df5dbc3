import { pino } from "pino";
import { definitionOf, indexCatalog } from "../catalog.ts";
import type { JobCatalog, JobType, PayloadInput, PayloadOutput } from "../define-job.ts";
import type { ClaimedJob, Job } from "../job.ts";
import { readOutcome } from "../outcome.ts";
import { parsePayload, serializePayload, serializeResult } from "../payload.ts";
import { checkResult } from "../results.ts";
import type { NewJob, Transaction } from "../store.ts";
import { AbortSwitch } from "../worker/abort-switch.ts";
import type { JobHandler } from "../worker/handler.ts";
import { RunContext } from "../worker/job-context.ts";

export interface RunHandlerOptions<Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables> {
  /** The catalog: the payload and what the handler enqueues are checked against it. */
  readonly jobs: Jobs;
  readonly type: Type;
  readonly handler: JobHandler<Jobs, Type, Tables>;
  readonly payload: PayloadInput<Jobs, Type>;
  /** What the run is to be: 1 of 5 by default. */
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
  /** Steps that have been recorded, those given included. */
  readonly steps: Readonly<Record<string, unknown>>;
}

/**
 * Runs one handler with a context that stores nothing.
 * @throws whatever the handler throws
 * @throws {ResultInvalidError} if what it returns does not fit its type's schema
 * @throws {PayloadInvalidError | JobTypeUnknownError} as a worker and `ctx.enqueue` do
 */
export async function runHandler<const Jobs extends JobCatalog, Type extends JobType<Jobs>, Tables = unknown>(
  options: RunHandlerOptions<Jobs, Type, Tables>,
): Promise<HandlerRun<Tables>> {
  const { jobs, type, handler, parents = [], signal } = options;
  const catalog = indexCatalog(jobs);
  const stored: unknown = JSON.parse(serializePayload(type, options.payload));
  // What this type's own schema gives.
  const { payload: schema, version } = definitionOf(catalog, type);
  const payload = parsePayload(type, schema, stored) as PayloadOutput<Jobs, Type>;
  const steps = new Map(
    Object.entries(options.steps ?? {}).map(([name, value]) => [name, JSON.stringify(value)]),
  );
  const abort = new AbortSwitch();
  if (signal?.aborted) abort.abort(signal.reason);
  else signal?.addEventListener("abort", () => abort.abort(signal.reason), { once: true });
  const context = new RunContext({
    job: jobFor(options, payload, version),
    catalog,
    abort,
    run: { log: pino({ enabled: false }) },
    store: {
      parents: async () => parents,
      readStep: async (_, step) => steps.get(step),
      recordStep: async (_, step, result) => {
        steps.set(step, result);
        return true;
      },
    },
  });
  try {
    // The context is any catalog's.
    const returned = readOutcome(await handler(payload, context as never));
    const result = returned.kind === "complete" ? returned.result : undefined;
    const stored = result === undefined ? undefined : JSON.parse(serializeResult(`a "${type}"`, result));
    if (returned.kind === "complete") checkResult(catalog, type, stored);
    return {
      outcome:
        returned.kind === "complete" ? "completed" : returned.kind === "snooze" ? "snoozed" : "cancelled",
      result: stored ?? null,
      snoozeMs: returned.kind === "snooze" ? returned.delayMs : null,
      enqueued: context.asked.followUps,
      effects: context.asked.effects as HandlerRun<Tables>["effects"],
      steps: Object.fromEntries([...steps].map(([name, json]) => [name, JSON.parse(json)])),
    };
  } finally {
    context.end();
  }
}

type Claim = Pick<
  RunHandlerOptions<JobCatalog, string, unknown>,
  "type" | "attempt" | "maxAttempts" | "workflowId" | "slotAt"
>;

function jobFor(
  { type, attempt = 1, maxAttempts = 5, workflowId = null, slotAt = null }: Claim,
  payload: unknown,
  payloadVersion: number,
): ClaimedJob {
  const at = new Date(0);
  return {
    id: "00000000000-000000000001",
    type,
    payload,
    payloadVersion,
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
