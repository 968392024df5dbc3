import type { JobState } from "../../src/transitions.ts";
import type { TestBed, TestClaim } from "./test-bed.ts";

const DAY_MS = 24 * 60 * 60_000;

/** The job may stand in the line for so long: longer than any other verb waits. */
export const SUBJECT_EXPIRES_MS = 100 * DAY_MS;

/** A job in a known state, with all that a verb may need to be tried on it. */
export interface Subject {
  readonly jobId: string;
  /** Its last lease; for a job that never ran, one that was given to another job. */
  readonly claim: TestClaim;
  /** Its dead letter, also where that is gone; for a job that never died, its own id. */
  readonly deadId: string;
  /** A dead letter that it depends on and whose retry should concern it. */
  readonly deadParentId: string;
  /** The type of the parent whose completion should concern it. */
  readonly openParent: "fragile" | "report";
}

/** How a cancelled job came to be so: only a parent's death can be taken back. */
type CancelledBy = "hand" | "parent";

/** Builds a job in a state, by the public verbs alone. */
export async function buildJobIn(bed: TestBed, state: JobState, cancelledBy: CancelledBy): Promise<Subject> {
  const { jobId: deadParent, deadId: deadParentId } = await bed.addDead();
  // The newest job is never pruned and a scheduled one never claimed: this one keeps out of every verb's way.
  const keepAside = (): Promise<unknown> => bed.queue.enqueueDelayed("custom", { n: 1 }, 300 * DAY_MS);
  const open = state === "waiting" ? [(await bed.queue.enqueue("report", { n: 1 })).id] : [];
  const whenDead = state === "cancelled" && cancelledBy === "parent" ? "cancel" : "continue";
  const { id: jobId } = await bed.add({
    uniqueKey: "subject",
    maxAttempts: state === "failed" || state === "discarded" || state === "gone" ? 1 : 5,
    delayMs: state === "scheduled" ? 60_000 : 0,
    expireAfterMs: SUBJECT_EXPIRES_MS,
    dependsOn: [...open, { jobId: deadParent, whenDead }],
  });
  const never: TestClaim = {
    id: jobId,
    type: "mail",
    payload: { n: 1 },
    payloadVersion: 1,
    keyId: null,
    priority: 5,
    attempt: 1,
    maxAttempts: 5,
    workflowId: null,
    scheduledAt: new Date(bed.clock.now()),
    createdAt: new Date(bed.clock.now()),
    claimedAt: new Date(bed.clock.now()),
    slotAt: null,
    workerId: "worker-1",
    leaseToken: 1,
    generation: 0,
    suspect: false,
  };
  const subject = { jobId, claim: never, deadId: jobId, deadParentId, openParent: "fragile" } as const;
  await keepAside();
  switch (state) {
    case "waiting":
      return { ...subject, openParent: "report" };
    case "scheduled":
    case "pending":
      return subject;
    case "cancelled":
      if (cancelledBy === "hand") await bed.store.cancel(jobId);
      return subject;
    case "processing":
      return { ...subject, claim: await claimMail(bed) };
    case "completed": {
      const claim = await claimMail(bed);
      await bed.queue.completeJob(claim);
      return { ...subject, claim };
    }
    case "failed":
    case "discarded":
    case "gone": {
      const claim = await claimMail(bed);
      await bed.queue.failJob(claim, new Error("no luck"));
      const deadId = await bed.deadIdOf(jobId);
      const audit = { actor: "ann", action: "discard", subject: deadId, detail: null };
      if (state !== "failed") await bed.store.discard(deadId, audit);
      if (state === "gone") await bed.store.erase(deadId, audit);
      return { ...subject, claim, deadId };
    }
  }
}

function claimMail(bed: TestBed): Promise<TestClaim> {
  return bed.claim("worker-1", { types: ["mail"] });
}
