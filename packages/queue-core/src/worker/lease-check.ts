import type { ClaimedJob } from "../job.ts";
import type { HeldJob } from "../store.ts";

/** Where what a worker runs and what the store says it holds come apart. */
export interface LeaseCheck<Run> {
  /** Runs whose lease is gone. One that has ended since the store was asked is among them, which harms nobody. */
  readonly lost: readonly Run[];
  /** Held for this worker, but not running here. One that has ended since the store was asked is among them. */
  readonly unknown: readonly HeldJob[];
}

/**
 * Compares what runs here with what the store says.
 * @param newestToken the newest lease token when the store was asked: a run with a newer one was claimed later
 */
export function checkLeases<Run extends { readonly job: Pick<ClaimedJob, "id" | "leaseToken"> }>(
  runs: Iterable<Run>,
  held: readonly HeldJob[],
  newestToken: number,
): LeaseCheck<Run> {
  const unknown = new Map(held.map((job) => [leaseKey(job), job]));
  const lost: Run[] = [];
  for (const run of runs) {
    const stored = unknown.get(leaseKey(run.job));
    unknown.delete(leaseKey(run.job));
    if (!stored && run.job.leaseToken <= newestToken) lost.push(run);
  }
  return { lost, unknown: [...unknown.values()] };
}

/** Names one claim of one job: jobs claimed together share a token, and a job claimed again has another. */
export function leaseKey(job: Pick<ClaimedJob, "id" | "leaseToken">): string {
  return `${job.id}:${job.leaseToken}`;
}
