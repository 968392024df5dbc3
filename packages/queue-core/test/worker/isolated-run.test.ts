import { existsSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { until } from "./until.ts";
import { SHORT_LEASE_MS, WorkerBed } from "./worker-bed.ts";

/** A worker with suspects, which run in processes of their own. */
async function runAlone(
  type: "patient" | "other" | "short",
  { jobs = 1, entry = "./isolated-process.ts" } = {},
) {
  const bed = await WorkerBed.open();
  const ids: string[] = [];
  for (let n = 0; n < jobs; n += 1) ids.push((await bed.queue.enqueue(type, { n }, { maxAttempts: 1 })).id);
  bed.sql((database) => database.exec("INSERT INTO suspect (seq, since) SELECT seq, 0 FROM job"));
  process.env.ISOLATED_DATABASE = bed.path;
  onTestFinished(() => void delete process.env.ISOLATED_DATABASE);
  const isolatedEntry = new URL(entry, import.meta.url);
  bed.work({ [type]: () => "not here" }, { leaseMs: SHORT_LEASE_MS, isolatedEntry });
  return { bed, id: ids[0] ?? "", ids };
}

const ALONE = "job was in a process that died: it runs alone in a process of its own";

function isAlive(pid: unknown): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    // ESRCH: there is no such process any more.
    return false;
  }
}

it("R17: a suspect whose type may run for as long as a timer can wait has that time alone, too", async () => {
  const { bed, id } = await runAlone("patient");
  expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "ran alone" });
});

it("R13: a run alone whose lease is lost is ended though it does not listen", async () => {
  const { bed, id } = await runAlone("other");
  await until("it has begun", () => existsSync(`${bed.path}.witness`));
  await bed.takeAway(id);
  expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "the second time" });
});

it("R17: a run alone that blocks its process for ever has timed out, which is no crash", async () => {
  const { bed, id } = await runAlone("short");
  expect(await bed.dies(id)).toMatchObject({
    attempts: 1,
    reason: "attempts_exhausted",
    lastError: "AttemptTimeoutError: The run took longer than 40 ms, and its process hung",
  });
  expect((await bed.attempts(id)).map(({ outcome }) => outcome)).toEqual(["timed_out"]);
});

it("R13: suspects take turns: the next one's process begins when the last one's has gone", async () => {
  const { bed, ids } = await runAlone("patient", { jobs: 2 });
  const [first] = await until("both have had their turn", () => {
    const begun = bed.lines.filter(({ msg }) => msg === ALONE);
    return begun.length === 2 && begun;
  });
  expect(isAlive(first?.["childPid"])).toBe(false);
  for (const id of ids) await bed.reaches(id, "completed");
});

it("R13: a process that cannot start charges its job nothing, however often", async () => {
  // It ends without having asked for its job.
  const { bed, id } = await runAlone("patient", { entry: "./job-types.ts" });
  const failing = "the process for a single job did not start; see what it printed";
  await until("more have failed than bury a job", () => {
    return bed.lines.filter(({ msg }) => msg === failing).length > 3;
  });
  expect((await bed.store.listDeadLetters({ limit: 1 })).items).toEqual([]);
  const crashes = bed.sql((database) => database.prepare("SELECT crashes FROM suspect").pluck().all());
  expect(crashes).toEqual([0]);
  expect(await bed.job(id)).toMatchObject({ attempts: 0 });
});
