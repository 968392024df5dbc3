import { describe, expect, it } from "vitest";
import { AttemptTimeoutError, type BatchHandler, cancel, type Job, snooze } from "../../src/index.ts";
import type { AppTables } from "../conformance/test-database.ts";
import type { WORKER_JOBS } from "./job-types.ts";
import { WorkerBed } from "./worker-bed.ts";

type Batches = BatchHandler<typeof WORKER_JOBS, "task", AppTables>;
type Batch = Parameters<Batches["handle"]>[0];

const payloads = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));

/** Adds jobs and gives their ids. */
async function add(
  bed: WorkerBed,
  type: "task" | "short" | "fragile",
  count: number,
): Promise<readonly [string, string, string]> {
  const ids = (await bed.queue.enqueueMany(type, payloads(count))).map(({ id }) => id);
  return [ids[0] ?? "", ids[1] ?? "", ids[2] ?? ""];
}

/** Asks for a job and a row with each. */
function ask(job: Batch[number] | undefined, text: string | null): void {
  job?.enqueue("other", { n: job.payload.n });
  job?.onCommit(async (tx) => {
    // A note without its text is refused by the table.
    await tx.sql
      .insertInto("note")
      .values({ id: job.payload.n, text: text as string })
      .execute();
  });
}

const numbersOf = (jobs: readonly Job[]): readonly unknown[] => jobs.map(({ payload }) => payload);

describe("R16: the jobs of a batch", () => {
  it("that have not ended by their timeout have timed out, the others ended as they did", async () => {
    const bed = await WorkerBed.open();
    const [ended, late] = await add(bed, "short", 2);
    const reason = Promise.withResolvers<unknown>();
    bed.work({
      short: {
        batch: { size: 2 },
        handle: async (batch, { signal }) => {
          if (batch[0]?.attempt !== 1 || batch.length < 2) return;
          batch[0].complete("in time");
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          reason.resolve(signal.reason);
        },
      },
    });
    expect(await bed.reaches(ended, "completed")).toMatchObject({ result: "in time" });
    expect(await reason.promise).toBeInstanceOf(AttemptTimeoutError);
    await bed.reaches(late, "completed");
    expect((await bed.attempts(ended)).map(({ outcome }) => outcome)).toEqual(["completed"]);
    expect((await bed.attempts(late)).map(({ outcome }) => outcome)).toEqual(["timed_out", "completed"]);
  });

  it("may be put off or called off, each by itself", async () => {
    const bed = await WorkerBed.open();
    const [later, never, now] = await add(bed, "task", 3);
    bed.work({
      task: {
        batch: { size: 3 },
        handle: ([first, second]) => {
          first?.complete(snooze(86_400_000));
          second?.complete(cancel());
        },
      },
    });
    expect(await bed.reaches(later, "scheduled")).toMatchObject({ attempts: 0, snoozes: 1 });
    await bed.reaches(never, "cancelled");
    await bed.reaches(now, "completed");
  });

  it("each commit what they asked for, or fail with it, alone", async () => {
    const bed = await WorkerBed.open();
    const [good, failed, refused] = await add(bed, "fragile", 3);
    bed.work({
      fragile: {
        batch: { size: 3 },
        handle: (batch) => {
          ask(batch[0], "of the first");
          ask(batch[1], "of the second");
          batch[1]?.fail(new Error("no luck"));
          ask(batch[2], null);
        },
      },
    });
    await bed.reaches(good, "completed");
    expect((await bed.dies(failed)).lastError).toContain("no luck");
    expect((await bed.dies(refused)).lastError).toContain("NOT NULL");
    expect(await bed.notes()).toEqual(["of the first"]);
    expect(numbersOf(await bed.jobsOf("other"))).toEqual([{ n: 0 }]);
  });

  it("each have steps of their own, which the next batch gets back", async () => {
    const bed = await WorkerBed.open();
    const ids = await add(bed, "task", 2);
    const done: string[] = [];
    bed.work({
      task: {
        batch: { size: 2 },
        handle: async (batch) => {
          for (const job of batch) {
            const { attempt, payload } = job;
            const step = await job.once("send", () => {
              done.push(`job ${payload.n}`);
              return `in attempt ${attempt}`;
            });
            if (payload.n === 1 && attempt === 1) job.fail(new Error("after its step"));
            else job.complete(step);
          }
        },
      },
    });
    expect((await bed.reaches(ids[0], "completed")).result).toBe("in attempt 1");
    expect(await bed.reaches(ids[1], "completed")).toMatchObject({ result: "in attempt 1", attempts: 2 });
    expect(done).toEqual(["job 0", "job 1"]);
  });

  it("are given up by themselves if their payload is damaged, and no handler sees it", async () => {
    const bed = await WorkerBed.open();
    const [damaged, second, third] = await add(bed, "task", 3);
    bed.sql((database) => database.exec(`UPDATE job SET payload = '{"n":"one"}' WHERE seq = 1`));
    const seen: unknown[] = [];
    bed.work({
      task: { batch: { size: 3 }, handle: (batch) => void seen.push(batch.map(({ payload }) => payload.n)) },
    });
    expect((await bed.dies(damaged)).reason).toBe("invalid_payload");
    for (const id of [second, third]) await bed.reaches(id, "completed");
    expect(seen).toEqual([[1, 2]]);
  });
});

describe("R16: a batch handler", () => {
  it("that ends a job with a promise fails it: whether its work will be done is not known yet", async () => {
    const bed = await WorkerBed.open();
    const [early, refused, other] = await add(bed, "fragile", 3);
    bed.work({
      fragile: {
        batch: { size: 3 },
        handle: async (batch) => {
          // As one does who forgets to await it.
          batch[0]?.complete(Promise.resolve("sent"));
          batch[1]?.complete(Promise.reject(new Error("refused")));
          await new Promise(setImmediate);
        },
      },
    });
    for (const id of [early, refused])
      expect((await bed.dies(id)).lastError).toMatch(/ResultInvalidError: .*"fragile" is a promise/);
    await bed.reaches(other, "completed");
  });

  it("that returns something fails the jobs it has not ended: what it meant cannot be known", async () => {
    const bed = await WorkerBed.open();
    const [ended, open] = await add(bed, "fragile", 2);
    // As from code without types: whether it is too short, or for jobs of another batch, nobody looks.
    const handle = ((batch: Batch) => {
      batch[0]?.complete("ended");
      return [{ jobId: "of another batch", ok: false }];
    }) as unknown as Batches["handle"];
    bed.work({ fragile: { batch: { size: 2 }, handle } });
    await bed.reaches(ended, "completed");
    expect((await bed.dies(open)).lastError).toMatch(
      /ResultInvalidError: .*"fragile".*complete\(\) or fail\(\)/,
    );
  });

  it("keeps its slot until it returns, also if all its jobs have ended, and is heard if it fails then", async () => {
    const bed = await WorkerBed.open();
    const [id] = await add(bed, "task", 1);
    const other = await bed.queue.enqueue("other", { n: 1 });
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    bed.work(
      {
        task: {
          batch: { size: 1 },
          handle: async ([job]) => {
            job?.complete();
            await gate.promise;
            begun.push("task ends");
            throw new Error("on its way out");
          },
        },
        other: () => void begun.push("other begins"),
      },
      { concurrency: 1 },
    );
    // Recorded with the claim that fills the slots that are free by then.
    await bed.reaches(id, "completed");
    expect((await bed.job(other.id)).status).toBe("pending");
    gate.resolve();
    await bed.reaches(other.id, "completed");
    expect(begun).toEqual(["task ends", "other begins"]);
    const line = await bed.logged("handler failed after all jobs of its batch had ended");
    expect(line).toMatchObject({ type: "task", batch: 1, error: expect.stringContaining("on its way out") });
    expect(await bed.attempts(id)).toHaveLength(1);
  });
});
