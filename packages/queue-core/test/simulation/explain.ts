import { MAX_CRASHES } from "../../src/sqlite/suspects.ts";
import { allows, type JobState, outcomesOf, type Verb } from "../../src/transitions.ts";
import type { FinishOperation, Operation } from "./operation.ts";
import type { JobFacts } from "./snapshot.ts";

/** What a job can be told apart by as a commit takes it from verb to verb. */
export interface Standing {
  readonly state: JobState;
  readonly attempts: number;
  readonly token: number | null;
  readonly workerId: string | null;
  readonly cancelRequested: boolean;
  readonly crashes: number | null;
  readonly failures: number;
  readonly generation: number;
}

/** What the rules of one commit need to know beside the job. */
export interface CommitView {
  readonly operations: readonly Operation[];
  /** The lease that the job has after the commit, if that is one that this commit gave out. */
  readonly newToken: number | null;
  readonly isDue: boolean;
  /** Whether it has stood in the line for longer than it may. */
  readonly isExpired: boolean;
  readonly isEdited: boolean;
  /** Whether a parent of the job completed in this commit, died or was cancelled. */
  readonly parentEnded: boolean;
  readonly mayRescue: (workerId: string) => boolean;
  readonly isDraining: (workerId: string) => boolean;
}

/** One verb that the commit may have applied, the operation that asked for it, and what becomes of the job. */
export interface Move {
  readonly verb: Verb;
  readonly operation: Operation | null;
  readonly next: Standing;
}

const FREE = { token: null, workerId: null, cancelRequested: false } as const;

/**
 * Finds a way from one standing of a job to another by verbs that somebody asked for, each operation once: a group of
 * operations can share a commit.
 * @returns the moves, or null if no sequence of allowed ones leads there
 */
export function explain(
  from: Standing,
  to: Standing,
  job: JobFacts,
  view: CommitView,
): readonly Move[] | null {
  return search(from, to, job, view, []);
}

const LONGEST_PATH = 5;

function search(
  at: Standing,
  to: Standing,
  job: JobFacts,
  view: CommitView,
  path: readonly Move[],
): readonly Move[] | null {
  if (isSame(at, to)) return path;
  if (path.length === LONGEST_PATH) return null;
  for (const move of movesFrom(at, job, view)) {
    if (path.some((done) => done.operation === move.operation && done.verb === move.verb)) continue;
    const found = search(move.next, to, job, view, [...path, move]);
    if (found) return found;
  }
  return null;
}

/** The verbs that may be applied to a job as it stands, of which the state machine must approve. */
function movesFrom(at: Standing, job: JobFacts, view: CommitView): Move[] {
  const asked = view.operations.flatMap((operation) => movesBy(operation, at, job, view));
  return [...asked, ...movesByFamily(at, view)].filter(({ verb, next }) =>
    allows(verb, at.state) ? outcomesOf(verb, at.state).includes(next.state) : false,
  );
}

function movesBy(operation: Operation, at: Standing, job: JobFacts, view: CommitView): Move[] {
  const move = (verb: Verb, change: Partial<Standing>): Move => ({
    verb,
    operation,
    next: { ...at, ...change },
  });
  const promote = at.state === "scheduled" && view.isDue ? [move("promote", { state: "pending" })] : [];
  const expire = view.isExpired ? [move("expire", { state: "failed", crashes: null })] : [];
  switch (operation.kind) {
    case "promote":
      return promote;
    case "expire":
      return expire;
    case "claim": {
      const { newToken: token } = view;
      if (token === null || !operation.types.includes(job.type)) return [...promote, ...expire];
      const claimed = { state: "processing", token, workerId: operation.workerId } as const;
      return [...promote, move("claim", claimed)];
    }
    case "finish": {
      if (operation.jobId !== job.id || operation.leaseToken !== at.token) return [];
      return operation.verbs.map((verb) => {
        const ended = at.cancelRequested && verb !== "complete" ? "abandon" : verb;
        return move(ended, { ...FREE, ...afterRun(ended, at, job, operation) });
      });
    }
    case "endHungRuns": {
      if (operation.workerId !== at.workerId) return [];
      const isOverdue = operation.overdue.some((run) => run.id === job.id && run.leaseToken === at.token);
      if (isOverdue && !at.cancelRequested) return [timeOut(at, job, move)];
      return [takeBack(at, false, move)];
    }
    case "rescue":
      return at.workerId !== null && view.mayRescue(at.workerId)
        ? [takeBack(at, view.isDraining(at.workerId), move)]
        : [];
    case "cancel":
      if (operation.jobId !== job.id) return [];
      return [
        move(
          "cancel",
          at.state === "processing" ? { cancelRequested: true } : { state: "cancelled", crashes: null },
        ),
      ];
    case "reviveMany":
      return [...revive(at, job, view, move), ...restore(job, move)];
    case "revive":
      return operation.jobId === job.id ? revive(at, job, view, move) : restore(job, move);
    case "discard":
      return operation.jobId === job.id ? [move("discard", { state: "discarded" })] : [];
    case "putBack":
      return operation.jobId === job.id ? [move("putBack", { state: "failed" })] : [];
    case "erase":
      return operation.jobId === job.id ? [move("erase", { state: "gone" })] : [];
    case "prune":
      return [move("prune", { state: "gone" })];
    case "enqueue":
    case "takeSlots":
    case "recordStep":
    case "report":
    case "edit":
    case "beat":
    case "presence":
      return [];
  }
}

/** What a run's end makes of its job. */
function afterRun(
  verb: Verb,
  at: Standing,
  job: JobFacts,
  finish?: Pick<FinishOperation, "isInvalid">,
): Partial<Standing> {
  const { attempts, failures } = at;
  switch (verb) {
    case "complete":
      return { state: "completed", attempts: attempts + 1, crashes: null };
    case "retry":
      return { state: "scheduled", attempts: attempts + 1, failures: failures + 1, crashes: null };
    case "bury": {
      const recorded = finish?.isInvalid !== true && attempts < job.maxAttempts ? 1 : 0;
      return { state: "failed", attempts: attempts + recorded, failures: failures + recorded, crashes: null };
    }
    case "snooze":
      return { state: "scheduled", crashes: null };
    case "abandon":
      return { state: "cancelled", crashes: null };
    case "crash": {
      const crashes = (at.crashes ?? 0) + 1;
      return crashes < MAX_CRASHES ? { state: "pending", crashes } : { state: "failed", crashes: null };
    }
    default:
      return { state: "pending" };
  }
}

type ToMove = (verb: Verb, change: Partial<Standing>) => Move;

/** A job of a worker that died is under suspicion, but not if the worker had begun to stop. */
function takeBack(at: Standing, isDraining: boolean, move: ToMove): Move {
  if (at.cancelRequested) return move("abandon", { ...FREE, state: "cancelled", crashes: null });
  const crashes = isDraining ? at.crashes : (at.crashes ?? 0);
  return move("handBack", { ...FREE, state: "pending", crashes });
}

/** A run past its time in a worker that hangs; one that was claimed only to be buried had no handler that could. */
function timeOut(at: Standing, job: JobFacts, move: ToMove): Move {
  if (at.attempts >= job.maxAttempts) return move("handBack", { ...FREE, state: "pending" });
  return move("retry", { ...FREE, ...afterRun("retry", at, job), crashes: 0 });
}

/** An edited payload starts a new generation, also one that was edited in this very commit before it was revived. */
function revive(at: Standing, job: JobFacts, { isEdited, operations }: CommitView, move: ToMove): Move[] {
  const again = (generation: number): Move => move("revive", { state: "pending", attempts: 0, generation });
  const mayBeEdited = operations.some(
    ({ kind, ...edit }) => kind === "edit" && "jobId" in edit && edit.jobId === job.id,
  );
  if (isEdited) return [again(at.generation + 1)];
  return mayBeEdited ? [again(at.generation), again(at.generation + 1)] : [again(at.generation)];
}

/** What a parent's end cancelled waits again when a dead letter comes back; what somebody cancelled does not. */
function restore({ cancelledByParent }: JobFacts, move: ToMove): Move[] {
  return cancelledByParent ? [move("restore", { state: "waiting" })] : [];
}

/** What a job undergoes because of its parents. */
function movesByFamily(at: Standing, { parentEnded }: CommitView): Move[] {
  if (!parentEnded || at.state !== "waiting") return [];
  const move = (verb: Verb, state: JobState): Move => ({ verb, operation: null, next: { ...at, state } });
  return [move("release", "pending"), move("release", "scheduled"), move("cancel", "cancelled")];
}

/** Whether nothing about a job has changed; of one that is gone nothing else can be said. */
export function isSame(a: Standing, b: Standing): boolean {
  if (a.state === "gone" || b.state === "gone") return a.state === b.state;
  return (
    a.state === b.state &&
    a.attempts === b.attempts &&
    a.token === b.token &&
    a.workerId === b.workerId &&
    a.cancelRequested === b.cancelRequested &&
    a.crashes === b.crashes &&
    a.failures === b.failures &&
    a.generation === b.generation
  );
}
