import type { Change } from "./auditor.ts";
import { hasTag, obituaryOf, tagOf } from "./job-types.ts";
import type { FinishOperation, Operation } from "./operation.ts";
import type { Snapshot } from "./snapshot.ts";

/** A day of minutes can be looked back on. */
const KEPT_MINUTES = 24 * 60;

/**
 * Traces every row to what caused it, and remembers what the store may forget: ids, tags and slots that were used, and
 * how many runs were recorded.
 */
export class RowLedger {
  readonly #fail: (violation: string) => void;
  readonly #ids = new Set<string>();
  readonly #tags = new Set<string>();
  readonly #slots = new Set<string>();
  #completed = 0;
  #failed = 0;

  constructor(fail: (violation: string) => void) {
    this.#fail = fail;
  }

  hasSeen(jobId: string): boolean {
    return this.#ids.has(jobId);
  }

  enter(
    changes: readonly Change[],
    before: Snapshot,
    after: Snapshot,
    operations: readonly Operation[],
  ): void {
    this.#countRuns(changes, before, after);
    for (const change of changes) this.#checkEnd(change);
    this.#traceJobsAndNotes(changes, before, after, operations);
    this.#traceSteps(before, after, operations);
    this.#traceReports(before, after, operations);
  }

  /** The counters are kept, not counted: they must not drift from what has happened. */
  #countRuns(changes: readonly Change[], before: Snapshot, after: Snapshot): void {
    for (const { last, facts, moves } of changes) {
      this.#completed += moves.filter(({ verb }) => verb === "complete").length;
      if (facts.state !== "gone") this.#failed += facts.failures - (last?.failures ?? 0);
    }
    for (const [key, gone] of before.minutes) {
      if (after.minutes.has(key)) continue;
      if (gone.minute > newestOf(after) - KEPT_MINUTES) this.#fail(`minute ${gone.minute} was forgotten`);
      this.#completed -= gone.completed;
      this.#failed -= gone.failed;
    }
    const counted = [...after.minutes.values()];
    const completed = counted.reduce((sum, minute) => sum + minute.completed, 0);
    const failed = counted.reduce((sum, minute) => sum + minute.failed, 0);
    if (completed !== this.#completed)
      this.#fail(`${completed} completions are counted, there were ${this.#completed}`);
    if (failed !== this.#failed) this.#fail(`${failed} failures are counted, there were ${this.#failed}`);
  }

  #checkEnd({ last, facts, moves }: Change): void {
    if (facts.attempts > facts.maxAttempts) this.#fail(`job ${facts.id} has more attempts than it may`);
    if (facts.state !== "failed" || last?.state === "failed" || moves.at(-1)?.verb === "putBack") return;
    const died = facts.deathReason === "worker_died";
    if (died !== (moves.at(-1)?.verb === "crash"))
      this.#fail(`job ${facts.id} is dead, reason ${facts.deathReason}`);
  }

  /** What a run asks for is there if and only if its end was recorded, in the same commit. */
  #traceJobsAndNotes(
    changes: readonly Change[],
    before: Snapshot,
    after: Snapshot,
    operations: readonly Operation[],
  ): void {
    const born = changes.filter(({ last }) => last === null).map(({ facts }) => facts);
    const tags = born.map(({ payload }) => tagOf(payload));
    const due = changes.flatMap((change) => owedJobs(change, operations, tags));
    const dueNotes = changes.flatMap((change) => owedNotes(change, operations, tags));
    for (const { id, type, payload, slotAt } of born) {
      if (this.#ids.has(id)) this.#fail(`the id ${id} was given a second time`);
      this.#ids.add(id);
      const tag = tagOf(payload);
      if (slotAt !== null) this.#takeSlot(`${type} ${slotAt}`, operations);
      else if (!take(due, tag)) this.#takeTag(tag, operations);
    }
    for (const note of after.notes)
      if (!before.notes.has(note) && !take(dueNotes, note))
        this.#takeNote(
          note,
          born.map(({ payload }) => tagOf(payload)),
          operations,
        );
    for (const missing of [...due, ...dueNotes])
      this.#fail(`a run ended without what it asked for: ${missing}`);
  }

  #takeSlot(slot: string, operations: readonly Operation[]): void {
    if (!operations.some(({ kind }) => kind === "takeSlots")) this.#fail(`nobody took the slot ${slot}`);
    if (this.#slots.has(slot)) this.#fail(`the slot ${slot} was taken twice`);
    this.#slots.add(slot);
  }

  #takeTag(tag: string, operations: readonly Operation[]): void {
    const isAsked = operations.some(
      (operation) => operation.kind === "enqueue" && operation.tags.includes(tag),
    );
    if (!isAsked || this.#tags.has(tag)) this.#fail(`a job was added that nobody asked for, tag ${tag}`);
    this.#tags.add(tag);
  }

  #takeNote(note: string, born: readonly string[], operations: readonly Operation[]): void {
    const asked = operations.find((operation) => operation.kind === "enqueue" && operation.note === note);
    if (asked?.kind !== "enqueue") this.#fail(`a note was written that nobody owns: ${note}`);
    else if (!asked.tags.every((tag) => born.includes(tag))) this.#fail(`half a transaction: ${note}`);
  }

  #traceSteps(before: Snapshot, after: Snapshot, operations: readonly Operation[]): void {
    for (const row of after.steps) {
      if (before.steps.has(row)) continue;
      const [jobId = ""] = row.split(" ");
      const token = before.jobs.get(jobId)?.token;
      const isAsked = operations.some(
        (operation) =>
          operation.kind === "recordStep" && operation.jobId === jobId && operation.leaseToken === token,
      );
      if (!isAsked) this.#fail(`a checkpoint was stored without the lease: ${row}`);
    }
    for (const row of before.steps) {
      const [jobId = ""] = row.split(" ");
      if (!after.steps.has(row) && after.jobs.has(jobId)) this.#fail(`a checkpoint was lost: ${row}`);
    }
  }

  /** What a run told is there as long as its job, and only who has the lease has told it. */
  #traceReports(before: Snapshot, after: Snapshot, operations: readonly Operation[]): void {
    for (const [row, progress] of after.reports) {
      if (before.reports.get(row) === progress) continue;
      const [jobId = "", token] = row.split(" ");
      const isAsked = operations.some(
        (operation) =>
          (operation.kind === "report" || operation.kind === "finish") &&
          operation.jobId === jobId &&
          String(operation.leaseToken) === token,
      );
      if (!isAsked || before.jobs.get(jobId)?.token !== Number(token))
        this.#fail(`a run told something without its lease: ${row}`);
    }
    for (const row of before.reports.keys()) {
      const [jobId = ""] = row.split(" ");
      const kept = [...after.reports.keys()].filter((each) => each.startsWith(jobId)).length;
      if (!after.reports.has(row) && after.jobs.has(jobId) && kept < 20)
        this.#fail(`what a run told was lost: ${row}`);
    }
  }
}

function newestOf({ minutes }: Snapshot): number {
  return Math.max(...[...minutes.values()].map(({ minute }) => minute));
}

/** The finish that a change recorded: of two that would end the same run, the one whose jobs are there. */
function finishOf(
  { moves }: Change,
  operations: readonly Operation[],
  born: readonly string[],
): FinishOperation | null {
  const credited = moves.find((move) => move.operation?.kind === "finish")?.operation;
  if (credited?.kind !== "finish") return null;
  const rivals = operations.filter(
    (each): each is FinishOperation =>
      each.kind === "finish" &&
      each.jobId === credited.jobId &&
      each.leaseToken === credited.leaseToken &&
      each.verbs.some((verb) => credited.verbs.includes(verb)),
  );
  const isThere = ({ followUps }: FinishOperation): boolean => followUps.every((tag) => born.includes(tag));
  const byJobs = rivals.toSorted((a, b) => b.followUps.length - a.followUps.length);
  return byJobs.find(isThere) ?? credited;
}

/** Tags of the jobs that must come with a change. */
function owedJobs(change: Change, operations: readonly Operation[], born: readonly string[]): string[] {
  const { id, type, payload } = change.facts;
  if (change.moves.some(({ verb }) => verb === "complete"))
    return [...(finishOf(change, operations, born)?.followUps ?? [])];
  const died = change.moves.some(({ verb, next }) => verb !== "putBack" && next.state === "failed");
  return died && type === "mourned" && hasTag(JSON.parse(payload)) ? [obituaryOf(id)] : [];
}

/** Notes that must come with a change. */
function owedNotes(change: Change, operations: readonly Operation[], born: readonly string[]): string[] {
  const finish = finishOf(change, operations, born);
  const isComplete = change.moves.some(({ verb }) => verb === "complete");
  return finish?.note && isComplete ? [finish.note] : [];
}

function take(from: string[], item: string): boolean {
  const at = from.indexOf(item);
  if (at >= 0) from.splice(at, 1);
  return at >= 0;
}
