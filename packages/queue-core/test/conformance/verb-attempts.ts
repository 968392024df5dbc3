import { NonRetryableError, QueueError } from "../../src/errors.ts";
import type { Verdict } from "../../src/store.ts";
import type { Verb } from "../../src/transitions.ts";
import { SUBJECT_EXPIRES_MS, type Subject } from "./job-in-state.ts";
import type { TestBed } from "./test-bed.ts";

const AUDIT = { actor: "ann", action: "decide", subject: "a dead letter", detail: null };
const DAY_MS = 24 * 60 * 60_000;

/** How the store turns a verb down: by an error's code, or by answering that nothing was done. */
type Refusal = string;

/** What came of trying a verb. */
export type Attempted = { readonly refusal: Refusal } | { readonly jobId: string };

const NOTHING_DONE: Attempted = { refusal: "NOTHING_DONE" };

async function orRefusal(jobId: string, step: Promise<unknown>): Promise<Attempted> {
  try {
    await step;
    return { jobId };
  } catch (error) {
    if (error instanceof QueueError) return { refusal: error.code };
    throw error;
  }
}

async function finish(bed: TestBed, { claim, jobId }: Subject, verdict: Verdict): Promise<Attempted> {
  const { accepted } = await bed.finish(claim, verdict);
  return accepted ? { jobId } : NOTHING_DONE;
}

/**
 * Each verb, tried on a job through the public calls. `release` and `restore` are what completing and retrying a parent
 * does to the job, so they change other rows as well and cannot tell by themselves whether they were turned down.
 */
export const VERB_ATTEMPTS: Readonly<Record<Verb, (bed: TestBed, subject: Subject) => Promise<Attempted>>> = {
  enqueue: async (bed) => {
    const { id, deduplicated } = await bed.add({ uniqueKey: "subject" });
    return deduplicated ? NOTHING_DONE : { jobId: id };
  },
  release: async (bed, { jobId, deadParentId, openParent }) => {
    if (openParent === "fragile") await bed.store.revive(deadParentId);
    await bed.queue.completeJob(await bed.claim("worker-2", { types: [openParent] }));
    return { jobId };
  },
  promote: async (bed, { jobId }) => {
    bed.clock.advance(60_000);
    return (await bed.store.promoteDue()) === 0 ? NOTHING_DONE : { jobId };
  },
  expire: async (bed, { jobId }) => {
    bed.clock.advance(SUBJECT_EXPIRES_MS);
    return (await bed.queue.expireJobs()) === 0 ? NOTHING_DONE : { jobId };
  },
  claim: async (bed, { jobId }) =>
    (await bed.queue.dequeue("worker-2", { types: ["mail"] })) ? { jobId } : NOTHING_DONE,
  complete: (bed, { jobId, claim }) => orRefusal(jobId, bed.queue.completeJob(claim)),
  retry: (bed, { jobId, claim }) =>
    orRefusal(jobId, bed.queue.failJob({ ...claim, maxAttempts: 9 }, "no luck")),
  bury: (bed, { jobId, claim }) =>
    orRefusal(jobId, bed.queue.failJob(claim, new NonRetryableError("no luck"))),
  snooze: (bed, subject) => finish(bed, subject, { verb: "snooze", delayMs: 1_000 }),
  abandon: (bed, subject) => finish(bed, subject, { verb: "abandon" }),
  handBack: (bed, subject) => finish(bed, subject, { verb: "handBack" }),
  crash: (bed, subject) => finish(bed, subject, { verb: "crash", error: "signal SIGKILL" }),
  cancel: (bed, { jobId }) => orRefusal(jobId, bed.store.cancel(jobId)),
  revive: (bed, { jobId, deadId }) => orRefusal(jobId, bed.store.revive(deadId)),
  restore: async (bed, { jobId, deadParentId }) => {
    await bed.store.revive(deadParentId);
    return { jobId };
  },
  discard: (bed, { jobId, deadId }) => orRefusal(jobId, bed.store.discard(deadId, AUDIT)),
  putBack: (bed, { jobId, deadId }) => orRefusal(jobId, bed.store.putBack(deadId, AUDIT)),
  erase: (bed, { jobId, deadId }) => orRefusal(jobId, bed.store.erase(deadId, AUDIT)),
  prune: async (bed, { jobId }) => {
    bed.clock.advance(8 * DAY_MS);
    // Of its type alone: there is another dead letter.
    const policy = { keepMs: 7 * DAY_MS, byType: { mail: { deadMs: 7 * DAY_MS } } };
    return (await bed.store.prune(policy)) === 0 ? NOTHING_DONE : { jobId };
  },
};

/** Verbs that work on other jobs first: whether they were turned down shows in the job alone. */
export const INDIRECT_VERBS: readonly Verb[] = ["release", "restore"];

/** How each verb is turned down where it is not allowed. */
export const REFUSALS: Readonly<Record<Verb, (exists: boolean) => Refusal>> = {
  enqueue: () => "NOTHING_DONE",
  release: () => "NOTHING_DONE",
  promote: () => "NOTHING_DONE",
  expire: () => "NOTHING_DONE",
  claim: () => "NOTHING_DONE",
  complete: () => "LEASE_LOST",
  retry: () => "LEASE_LOST",
  bury: () => "LEASE_LOST",
  snooze: () => "NOTHING_DONE",
  abandon: () => "NOTHING_DONE",
  handBack: () => "NOTHING_DONE",
  crash: () => "NOTHING_DONE",
  cancel: (exists) => (exists ? "JOB_STATE_CONFLICT" : "JOB_NOT_FOUND"),
  revive: () => "JOB_NOT_FOUND",
  restore: () => "NOTHING_DONE",
  discard: () => "JOB_NOT_FOUND",
  putBack: () => "JOB_NOT_FOUND",
  erase: () => "JOB_NOT_FOUND",
  prune: () => "NOTHING_DONE",
};
