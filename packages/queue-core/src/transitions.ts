import { JobStateError } from "./errors.ts";
import type { JobStatus } from "./job.ts";

/** A state a job can be in; `discarded`, in which nobody finds it; or `gone`: the row no longer exists. */
export type JobState = JobStatus | "discarded" | "gone";

/** What each state means. */
export const STATES = {
  waiting: "has parents that have not ended",
  scheduled: "not due yet: delayed, between two attempts, or snoozed",
  pending: "due, a worker may claim it",
  processing: "a worker runs it under a lease",
  completed: "its handler returned and the result is recorded",
  cancelled: "called off by somebody, by its handler, or by the end of a parent",
  failed: "given up; its row stands in `dead_letter_jobs`",
  discarded: "a dead letter that was taken off the list; it can be put back until its retention is over",
  gone: "there is no row: not added yet, or deleted",
} as const satisfies Record<JobState, string>;

interface Transition {
  readonly from: readonly JobState[];
  readonly to: readonly JobState[];
  readonly why: string;
}

/**
 * The whole state machine: each verb with the states it may start from and the ones it may end in. The types, the
 * run-time check, the every-verb × every-state test and the diagram in `docs/states.md` derive from this table.
 */
export const TRANSITIONS = {
  enqueue: {
    from: ["gone"],
    to: ["waiting", "scheduled", "pending", "cancelled"],
    why: "a caller adds a job",
  },
  release: { from: ["waiting"], to: ["scheduled", "pending"], why: "its last unfinished parent is done" },
  promote: { from: ["scheduled"], to: ["pending"], why: "its time has come" },
  expire: { from: ["pending"], to: ["failed"], why: "nobody claimed it within its time" },
  claim: { from: ["pending"], to: ["processing"], why: "a worker takes it under a lease" },
  complete: { from: ["processing"], to: ["completed"], why: "the handler returned" },
  retry: { from: ["processing"], to: ["scheduled"], why: "the attempt failed and another is left" },
  snooze: { from: ["processing"], to: ["scheduled"], why: "the handler asked to be run later" },
  bury: { from: ["processing"], to: ["failed"], why: "the attempt failed and no other can help" },
  abandon: { from: ["processing"], to: ["cancelled"], why: "it was cancelled while it ran" },
  handBack: { from: ["processing"], to: ["pending"], why: "the worker stops, or its lease ran out" },
  crash: { from: ["processing"], to: ["pending", "failed"], why: "it ran alone and its process died" },
  cancel: {
    from: ["waiting", "scheduled", "pending", "processing"],
    to: ["cancelled", "processing"],
    why: "somebody cancels it, or a parent did not complete; a running job is flagged and ends by its own write",
  },
  revive: { from: ["failed"], to: ["scheduled", "pending"], why: "an operator retries the dead letter" },
  restore: {
    from: ["cancelled"],
    to: ["waiting"],
    why: "the parent that had cancelled it was retried",
  },
  discard: { from: ["failed"], to: ["discarded"], why: "an operator takes the dead letter off the list" },
  putBack: { from: ["discarded"], to: ["failed"], why: "an operator takes that back" },
  erase: { from: ["discarded"], to: ["gone"], why: "an operator deletes it for good" },
  prune: {
    from: ["completed", "cancelled", "failed", "discarded"],
    to: ["gone"],
    why: "it is older than its retention",
  },
} as const satisfies Record<string, Transition>;

/** A verb of the state machine. */
export type Verb = keyof typeof TRANSITIONS;

/** Whether a verb may be applied to a job in a state. */
export function allows(verb: Verb, state: JobState): boolean {
  return (TRANSITIONS[verb].from as readonly JobState[]).includes(state);
}

/**
 * The states in which a verb may leave a job that it found in `state`; none if it is not allowed there. Where a verb
 * names a state on both sides, a job in it stays in it.
 */
export function outcomesOf(verb: Verb, state: JobState): readonly JobState[] {
  const { from, to }: Transition = TRANSITIONS[verb];
  if (!from.includes(state)) return [];
  return to.includes(state) ? [state] : to.filter((end) => !from.includes(end));
}

/**
 * Refuses a verb that the state does not allow.
 * @throws {JobStateError} naming the job, its state and the states the verb needs
 */
export function assertAllowed(verb: Verb, jobId: string, state: JobStatus): void {
  if (allows(verb, state)) return;
  const needed = TRANSITIONS[verb].from.join(", ");
  throw new JobStateError(`Cannot ${verb} job ${jobId}: it is ${state}, and must be ${needed}`, state);
}
