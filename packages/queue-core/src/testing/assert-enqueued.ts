import { AssertionError, partialDeepStrictEqual } from "node:assert";
import { inspect } from "node:util";
import { definitionOf } from "../catalog.ts";
import type { JobCatalog, JobType, PayloadInput } from "../define-job.ts";
import { OptionInvalidError } from "../errors.ts";
import type { Job, JobStatus } from "../job.ts";
import { type OptionNames, unknownOption } from "../known-options.ts";
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

const MATCH_NAMES: OptionNames<EnqueuedMatch<unknown>> = { payload: true, job: true };

/**
 * Asserts that a job of this type has been enqueued and has not begun.
 * @returns the first that fits
 * @throws {AssertionError} naming the jobs of this type that there are
 * @throws {JobTypeUnknownError | OptionInvalidError} if the type or a part of the match is misspelt
 * @example
 * await assertEnqueued(queue, "send_mail", { payload: { to: "ada@example.com" } });
 */
export async function assertEnqueued<Jobs extends JobCatalog, Tables, Type extends JobType<Jobs>>(
  queue: Queue<Jobs, Tables>,
  type: Type,
  match: EnqueuedMatch<PayloadInput<Jobs, Type>> = {},
): Promise<Job> {
  const jobs = await enqueued(queue, type, match);
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
  const found = (await enqueued(queue, type, match)).find((job) => fits(job, match));
  if (!found) return;
  throw new AssertionError({
    message: `Job ${found.id} is a "${type}" like ${inspect(match)}: ${found.status} ${inspect(found.payload)}`,
    operator: "assertNotEnqueued",
  });
}

/** All jobs of a type that have not begun, oldest first. */
async function enqueued(
  queue: Pick<Queue, "decrypt" | "catalog"> & { readonly store: Pick<JobStore, "listJobs"> },
  type: string,
  match: EnqueuedMatch<unknown>,
): Promise<Job[]> {
  // Of a type or a part that is misspelt anything could be asserted.
  definitionOf(queue.catalog, type);
  const problem = unknownOption(match, MATCH_NAMES);
  if (problem !== null) throw new OptionInvalidError(`To match an enqueued job ${problem}`);
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
