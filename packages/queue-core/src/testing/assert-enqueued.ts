import { AssertionError, partialDeepStrictEqual } from "node:assert";
import { inspect } from "node:util";
import type { JobCatalog, JobType, PayloadInput } from "../define-job.ts";
import type { Job, JobStatus } from "../job.ts";
import type { Queue } from "../queue.ts";
import type { JobStore } from "../store.ts";

/** States of jobs that have not begun. */
const ENQUEUED = ["waiting", "scheduled", "pending"] as const satisfies readonly JobStatus[];
const PAGE = 200;

type Part<T> = T extends object ? { readonly [Key in keyof T]?: Part<T[Key]> } : T;

/** What a job is looked for by, beside its type. */
export interface EnqueuedMatch<Payload> {
  /** What the payload must have; it may have more. */
  readonly payload?: Part<Payload>;
  /** The same of the job itself, e.g. `{ priority: 10, workflowId }`. */
  readonly job?: Part<Omit<Job, "type" | "payload">>;
}

/**
 * Asserts that a job of this type has been enqueued and has not begun.
 * @returns the first that fits
 * @throws {AssertionError} naming the jobs of this type that there are
 * @example
 * await assertEnqueued(queue, "send_mail", { payload: { to: "ada@example.com" } });
 */
export async function assertEnqueued<Jobs extends JobCatalog, Tables, Type extends JobType<Jobs>>(
  queue: Queue<Jobs, Tables>,
  type: Type,
  match: EnqueuedMatch<PayloadInput<Jobs, Type>> = {},
): Promise<Job> {
  const jobs = await enqueued(queue, type);
  const found = jobs.find((job) => fits(job, match));
  if (found) return found;
  const others = jobs.map(({ payload, status }) => `\n  ${status} ${inspect(payload, { breakLength: 100 })}`);
  const there =
    jobs.length === 0 ? "there is none of this type" : `of this type there are:${others.join("")}`;
  throw new AssertionError({
    message: `No "${type}" like ${inspect(match)} is enqueued; ${there}`,
    operator: "assertEnqueued",
  });
}

/**
 * Asserts that no such job waits to be run.
 * @throws {AssertionError} naming the one that does
 */
export async function assertNotEnqueued<Jobs extends JobCatalog, Tables, Type extends JobType<Jobs>>(
  queue: Queue<Jobs, Tables>,
  type: Type,
  match: EnqueuedMatch<PayloadInput<Jobs, Type>> = {},
): Promise<void> {
  const found = (await enqueued(queue, type)).find((job) => fits(job, match));
  if (!found) return;
  throw new AssertionError({
    message: `Job ${found.id} is a "${type}" like ${inspect(match)}: ${found.status} ${inspect(found.payload)}`,
    operator: "assertNotEnqueued",
  });
}

/** All jobs of a type that have not begun, oldest first. */
async function enqueued(
  queue: Pick<Queue, "decrypt"> & { readonly store: Pick<JobStore, "listJobs"> },
  type: string,
): Promise<Job[]> {
  const { store } = queue;
  const jobs: Job[] = [];
  for (const status of ENQUEUED) {
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof store.listJobs>> = await store.listJobs({
        type,
        status,
        limit: PAGE,
        ...(cursor !== "" && { cursor }),
      });
      jobs.push(...page.items.map((job) => queue.decrypt(job)));
      cursor = page.nextCursor;
    }
  }
  return jobs.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function fits(job: Job, { payload = {}, job: settings = {} }: EnqueuedMatch<unknown>): boolean {
  try {
    partialDeepStrictEqual(job.payload, payload);
    partialDeepStrictEqual(job, settings);
    return true;
  } catch (error) {
    if (error instanceof AssertionError) return false;
    throw error;
  }
}
