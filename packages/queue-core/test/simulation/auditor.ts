import type Database from "better-sqlite3";
import { type JobState, TRANSITIONS } from "../../src/transitions.ts";
import { prepareInvariants } from "../sqlite/invariants.ts";
import { type CommitView, explain, isSame, type Move, type Standing } from "./explain.ts";
import type { Effect, Operation } from "./operation.ts";
import { RowLedger } from "./row-ledger.ts";
import { type JobFacts, type Snapshot, snapshotReaders } from "./snapshot.ts";

/** What is true in the simulated world, whatever its processes know of it. */
export interface Truth {
  nowMs(): number;
  /** Whether a worker has given no sign of life for a lease, in the time of a machine that runs. */
  isSilent(workerId: string): boolean;
  sawBeat(workerId: string): void;
}

/** How the store is looked at: prepared once for a database, as that costs more than looking. */
export interface Instruments {
  readonly read: () => Snapshot;
  readonly readWorkers: () => Snapshot["workers"];
  readonly findFaults: () => readonly string[];
  /** Looks through the views too. */
  readonly findAllFaults: () => readonly string[];
  /** How many rows were changed since it was asked last. */
  readonly countChanges: () => number;
}

export function instrumentsFor(database: Database.Database): Instruments {
  const total = database.prepare<[], number>("SELECT total_changes()").pluck();
  let last = 0;
  const countChanges = (): number => {
    const now = total.get() ?? 0;
    const changed = now - last;
    last = now;
    return changed;
  };
  return {
    ...snapshotReaders(database),
    findFaults: prepareInvariants(database, { views: false }),
    findAllFaults: prepareInvariants(database, { views: true }),
    countChanges,
  };
}

/** What a commit did to one job. */
export interface Change {
  readonly last: JobFacts | null;
  readonly facts: JobFacts;
  readonly moves: readonly Move[];
}

const NEWBORN = {
  attempts: 0,
  token: null,
  workerId: null,
  cancelRequested: false,
  crashes: null,
  failures: 0,
  generation: 0,
} as const;

/**
 * Looks at the store after each commit, whoever made it, and asks of every change: who asked for it, and do the rules
 * allow it?
 */
export class Auditor {
  readonly violations: string[] = [];
  readonly #truth: Truth;
  readonly #instruments: Instruments;
  readonly #effects = new Map<Operation, Effect[]>();
  readonly #ledger: RowLedger;
  /** Leases that several operations of one commit would have ended, or one and a request to cancel: which did what? */
  readonly #contested = new Set<number>();
  #now: Snapshot;

  constructor(instruments: Instruments, truth: Truth) {
    this.#instruments = instruments;
    this.#truth = truth;
    this.#ledger = new RowLedger((violation) => this.fail(violation));
    this.#now = instruments.read();
    instruments.countChanges();
  }

  /** The store as the last commit left it. */
  get now(): Snapshot {
    return this.#now;
  }

  /** What an operation has changed so far. */
  effectsOf(operation: Operation): readonly Effect[] {
    return this.#effects.get(operation) ?? [];
  }

  /** Whether several operations wanted to end a run of this lease in one commit. */
  isContested(leaseToken: number): boolean {
    return this.#contested.has(leaseToken);
  }

  /** Whether there ever was such a job. */
  wasSeen(jobId: string): boolean {
    return this.#ledger.hasSeen(jobId);
  }

  fail(violation: string): void {
    this.violations.push(violation);
  }

  /** @param operations what the process that commits is about */
  afterCommit(operations: readonly Operation[]): void {
    const [only] = operations;
    const changed = this.#instruments.countChanges();
    // Most commits are beats. One that changed another row than its worker's shows in the next look, unasked for.
    if (operations.length === 1 && only?.kind === "beat" && changed === 1) {
      this.#see({ ...this.#now, workers: this.#instruments.readWorkers() });
      return;
    }
    const before = this.#now;
    const after = this.#instruments.read();
    this.#see(after);
    for (const fault of this.#instruments.findFaults()) this.fail(fault);
    if (after.newestToken < before.newestToken) this.fail("the lease counter went back");
    const changes = this.#explainChanges(before, after, operations);
    this.#ledger.enter(changes, before, after, operations);
  }

  /** Who has beaten since the last look is alive. */
  #see(after: Snapshot): void {
    for (const [id, { beat, startedAt }] of after.workers) {
      const last = this.#now.workers.get(id);
      if (last?.beat !== beat || last.startedAt !== startedAt) this.#truth.sawBeat(id);
    }
    this.#now = after;
  }

  #explainChanges(before: Snapshot, after: Snapshot, operations: readonly Operation[]): readonly Change[] {
    const changes: Change[] = [];
    const ended = new Set<string>();
    const differing: JobFacts[] = [];
    for (const facts of after.jobs.values()) {
      const last = before.jobs.get(facts.id);
      if (last && isSame(last, facts)) continue;
      differing.push(facts);
      if (last?.state !== facts.state && isEnd(facts.state)) ended.add(facts.id);
    }
    for (const last of before.jobs.values())
      if (!after.jobs.has(last.id)) differing.push({ ...last, state: "gone" });
    for (const facts of differing) {
      const last = before.jobs.get(facts.id) ?? null;
      const view = this.#viewOf(last ?? facts, facts, before, after, operations, ended);
      const moves = last ? explain(last, facts, last, view) : explainBirth(facts, view);
      if (!moves) this.fail(unexplained(last, facts, operations));
      else changes.push({ last, facts, moves });
    }
    for (const { last, facts, moves } of changes) {
      this.#credit(facts.id, moves);
      if (last?.token && operations.filter((each) => wouldEnd(each, facts.id, last.token)).length > 1)
        this.#contested.add(last.token);
    }
    return changes;
  }

  #viewOf(
    last: JobFacts,
    facts: JobFacts,
    before: Snapshot,
    after: Snapshot,
    operations: readonly Operation[],
    ended: ReadonlySet<string>,
  ): CommitView {
    const isNew =
      facts.token !== null && facts.token > before.newestToken && facts.token <= after.newestToken;
    const parents = after.parents.get(facts.id) ?? before.parents.get(facts.id) ?? [];
    return {
      operations,
      newToken: isNew ? facts.token : null,
      // One that ran was put off by its end, and may be claimed again in the same commit.
      isDue: (last.state === "scheduled" ? last : facts).dueAt <= this.#truth.nowMs(),
      isExpired: expiryOf(last) <= this.#truth.nowMs(),
      isEdited: last.isEdited,
      parentEnded: parents.some((parent) => ended.has(parent)),
      mayRescue: (workerId) => this.#truth.isSilent(workerId),
      isDraining: (workerId) => before.workers.get(workerId)?.isDraining ?? false,
    };
  }

  #credit(jobId: string, moves: readonly Move[]): void {
    for (const { operation, verb, next } of moves) {
      if (!operation) continue;
      const effect: Effect = { verb, jobId, state: next.state };
      const effects = this.#effects.get(operation);
      if (effects) effects.push(effect);
      else this.#effects.set(operation, [effect]);
    }
  }
}

/** When a job that is in the line, or comes to it as it is due, has stood there for too long. */
function expiryOf({ expiresAt, expireAfterMs, dueAt }: JobFacts): number {
  return expiresAt ?? (expireAfterMs === null ? Number.POSITIVE_INFINITY : dueAt + expireAfterMs);
}

/** A request to cancel, or a rescue, and a run's end in one commit: which it was a cancelled job does not show. */
function wouldEnd(operation: Operation, jobId: string, leaseToken: number | null): boolean {
  if (operation.kind === "cancel") return operation.jobId === jobId;
  if (operation.kind === "rescue") return true;
  if (operation.kind === "finish") return operation.jobId === jobId && operation.leaseToken === leaseToken;
  return (
    operation.kind === "endHungRuns" &&
    operation.overdue.some((run) => run.id === jobId && run.leaseToken === leaseToken)
  );
}

/** Whether a job in this state lets go of its children, or takes them with it. */
function isEnd(state: JobState): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

function explainBirth(facts: JobFacts, view: CommitView): readonly Move[] | null {
  for (const state of TRANSITIONS.enqueue.to) {
    const born: Standing = { ...NEWBORN, state };
    const moves = explain(born, facts, facts, view);
    if (moves) return moves;
  }
  return null;
}

function unexplained(last: JobFacts | null, facts: JobFacts, operations: readonly Operation[]): string {
  const asked =
    operations.map((operation) => JSON.stringify(operation)).join(", ") || "nobody asked for anything";
  return `no rule leads from ${JSON.stringify(last)} to ${JSON.stringify(facts)} where ${asked}`;
}
