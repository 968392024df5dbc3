import type { ClaimedJob } from "../../src/job.ts";
import type { Finish, HeldJob, NewJob, Transaction, Verdict } from "../../src/store.ts";
import type { JobState, Verb } from "../../src/transitions.ts";
import type { ExecutedRun } from "../../src/worker/before-handler.ts";
import { newJob } from "../conformance/new-jobs.ts";
import type { Choices } from "./choices.ts";
import { hasTag, type NoteTables, obituaryOf } from "./job-types.ts";
import type { SimulatedRun } from "./simulated-run.ts";

/** Verbs that end a run under its lease. */
type EndVerb = Extract<Verb, "complete" | "retry" | "bury" | "snooze" | "abandon" | "handBack" | "crash">;

/** What a process is asking the store to do: what a commit of that process may change is what these allow. */
export type Operation =
  | EnqueueOperation
  | FinishOperation
  | ClaimOperation
  | { readonly kind: "beat"; readonly workerId: string }
  | {
      readonly kind: "endHungRuns";
      readonly workerId: string;
      readonly overdue: readonly Pick<HeldJob, "id" | "leaseToken">[];
    }
  | {
      readonly kind: "recordStep";
      readonly jobId: string;
      readonly leaseToken: number;
      readonly step: string;
    }
  | { readonly kind: "report"; readonly jobId: string; readonly leaseToken: number }
  | { readonly kind: "cancel" | "revive" | "discard" | "putBack" | "erase" | "edit"; readonly jobId: string }
  | { readonly kind: "promote" | "expire" | "rescue" | "takeSlots" | "prune" | "reviveMany" | "presence" };

export interface ClaimOperation {
  readonly kind: "claim";
  readonly workerId: string;
  readonly types: readonly string[];
  /** What the claimer can read of them. */
  readonly lines: readonly string[];
}

/** Jobs, and perhaps a note, that commit together or not at all. */
interface EnqueueOperation {
  readonly kind: "enqueue";
  readonly tags: readonly string[];
  readonly note: string | null;
}

/** The end of a run, with all that may come of it. */
export interface FinishOperation {
  readonly kind: "finish";
  readonly jobId: string;
  readonly leaseToken: number;
  /** How the run may end, whatever has happened to its job meanwhile. */
  readonly verbs: readonly EndVerb[];
  /** Whether the payload is why it is buried: then no run is recorded. */
  readonly isInvalid: boolean;
  /** Tags of the jobs that the handler asked for. */
  readonly followUps: readonly string[];
  /** The note that commits with the completion. */
  readonly note: string | null;
}

/** What an operation has done in the store, as its commits show. */
export interface Effect {
  readonly verb: Verb;
  readonly jobId: string;
  /** What it left the job in. */
  readonly state: JobState;
}

/** What the end of a run may do, from what its handler asked for. */
export function finishOperation(run: SimulatedRun, { job, finish }: ExecutedRun): FinishOperation {
  const { verdict } = finish;
  const isBad = verdict.verb === "complete" && run.hasBadEffect;
  return {
    kind: "finish",
    jobId: job.id,
    leaseToken: job.leaseToken,
    // What cannot be committed makes a failure of a completion.
    verbs: isBad ? ["retry", "bury"] : [verdict.verb],
    isInvalid: verdict.verb === "bury" && verdict.reason === "invalid_payload",
    followUps: verdict.verb === "complete" ? run.followUps : [],
    note: verdict.verb === "complete" ? run.note : null,
  };
}

const VERDICTS: readonly Verdict[] = [
  { verb: "complete", result: "1" },
  { verb: "retry", delayMs: 5_000, error: "no luck", timedOut: true },
  { verb: "bury", reason: "not_retryable", error: "no luck", timedOut: false },
  { verb: "snooze", delayMs: 1_000 },
  { verb: "abandon" },
  { verb: "handBack" },
  { verb: "crash", error: "signal SIGKILL" },
];

/** An end of a run as somebody may send it who has kept a claim. */
export function finishOfClaim(
  job: ClaimedJob,
  choices: Choices,
  names: { readonly followUp: string; readonly note: string; readonly noteId: number },
): { readonly finish: Finish; readonly operation: FinishOperation } {
  // Whether another attempt is left is for the caller to say: the store takes its word.
  const left = job.maxAttempts - job.attempt;
  const needs: Partial<Record<EndVerb, number>> = { retry: 1, complete: 0 };
  const allowed = VERDICTS.filter(({ verb }) => left >= (needs[verb] ?? Number.NEGATIVE_INFINITY));
  const verdict = choices.pick(allowed) ?? { verb: "handBack" };
  const isComplete = verdict.verb === "complete";
  const note = choices.percent(50) ? names.note : null;
  const addNote = async (tx: Transaction): Promise<void> => {
    // The database has the notes' table: it was opened with it.
    const { sql } = tx as Transaction<NoteTables>;
    await sql.insertInto("note").values({ id: names.noteId, text: names.note }).execute();
  };
  const isMourned = job.type === "mourned" && hasTag(job.payload);
  const tags = isComplete ? [names.followUp] : isMourned ? [obituaryOf(job.id)] : [];
  return {
    finish: { job, verdict, followUps: tags.map(plainJob), effects: note === null ? [] : [addNote] },
    operation: {
      kind: "finish",
      jobId: job.id,
      leaseToken: job.leaseToken,
      verbs: [verdict.verb],
      isInvalid: false,
      followUps: tags,
      note,
    },
  };
}

function plainJob(tag: string): NewJob {
  return newJob({ type: "plain", payload: JSON.stringify({ tag }) });
}
