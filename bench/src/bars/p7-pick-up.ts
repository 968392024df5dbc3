import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { type BarResult, type Bench, sized, toResult } from "../bar.ts";
import { payloadOf } from "../holdfast/jobs.ts";
import { openQueue } from "../holdfast/open.ts";
import { measurePeerPickUp } from "../peers/pick-up.ts";
import { type Program, startProgram } from "../run-program.ts";
import { median, quantile, within } from "../statistics.ts";

type PickedUp = { readonly n: number; readonly atNs: string };
/** Longer than any poll: a job that was not picked up by then is counted as lost. */
const LOST_MS = 5_000;
const PRESENCE_MS = 15_000;

/** A job enqueued here until an idle worker elsewhere has begun it, at default settings. */
export async function measurePickUp(bench: Bench): Promise<BarResult> {
  const rounds = sized(bench, { full: 1_000, quick: 50, tiny: 3 });
  const idleMs = sized(bench, { full: 30_000, quick: 5_000, tiny: 100 });
  const path = join(bench.folder(), "bench.db");
  await using opened = await openQueue(path);
  await using worker = startProgram("holdfast-worker", { path, report: true });
  await worker.next();
  worker.send({ go: true });
  await opened.queue.enqueue("t0", payloadOf(0));
  await worker.next();
  const latenciesMs: number[] = [];
  let lost = 0;
  for (let n = 1; n <= rounds; n++) {
    // Long enough for the worker to have recorded the last one and gone to sleep; never in step with its poll.
    await sleep(15 + Math.random() * 20);
    const askedAt = process.hrtime.bigint();
    await opened.queue.enqueue("t0", payloadOf(n), { durability: "normal" });
    const picked = await Promise.race([worker.next<PickedUp>(), sleep(LOST_MS, null)]);
    if (picked === null) lost++;
    else latenciesMs.push(Number(BigInt(picked.atNs) - askedAt) / 1e6);
    if (lost > 0 && picked === null) break;
    if (n % 100 === 0) bench.say(`  ${n}/${rounds} jobs picked up, p50 ${median(latenciesMs).toFixed(2)} ms`);
  }
  await sleep(100);
  const idle = await watchIdle(worker, path, idleMs);
  await worker.end();
  const allowedWrites = Math.floor(idleMs / PRESENCE_MS) + 1;
  const parts = [
    within("pick-up p50", median(latenciesMs), "ms", 1),
    within("pick-up p99", quantile(latenciesMs, 0.99), "ms", 5),
    { ...within("lost", lost, "jobs", 1), bar: 0, ratio: lost, ok: lost === 0 },
    within("idle CPU", idle.cpuPercent, "%", 1),
    within(`write transactions in ${idleMs / 1_000} s idle`, idle.writes, "commits", allowedWrites),
  ];
  const peers = await measurePeers(bench);
  const notes = [
    "timed from before the call of enqueue (NORMAL) to the handler's first line; ms, at default settings",
    "raw by hand: an insert, a touched file that is watched, a claim; no queue around it",
    ...bench.peers.skipped,
  ];
  const runs = { holdfast: latenciesMs, ...peers };
  return toResult({ id: "P7", title: "pick-up by an idle worker", runs, parts, notes });
}

/** The same by hand, and of the other queues, fewer times: some of them poll every half second. */
async function measurePeers(bench: Bench): Promise<Record<string, readonly number[]>> {
  const rounds = sized(bench, { full: 100, quick: 10, tiny: 1 });
  const runs: Record<string, readonly number[]> = {};
  const place = async (): Promise<string> => join(bench.folder(), "bench.db");
  const raw = { name: "raw by hand", program: "raw-pick-up", place };
  for (const peer of [raw, ...(await bench.peers.ready())])
    runs[peer.name] = await measurePeerPickUp(bench, peer, rounds);
  return runs;
}

async function watchIdle(
  worker: Program,
  path: string,
  idleMs: number,
): Promise<{ cpuPercent: number; writes: number }> {
  using stack = new DisposableStack();
  const database = stack.adopt(new Database(path, { readonly: true }), (open) => open.close());
  const version = (): unknown => database.pragma("data_version", { simple: true });
  worker.send({ usage: true });
  const before = await worker.next<{ cpuMs: number }>();
  const startedAt = performance.now();
  let writes = 0;
  for (let seen = version(); performance.now() - startedAt < idleMs; await sleep(5)) {
    const now = version();
    if (now !== seen) writes++;
    seen = now;
  }
  worker.send({ usage: true });
  const after = await worker.next<{ cpuMs: number }>();
  return { cpuPercent: ((after.cpuMs - before.cpuMs) / (performance.now() - startedAt)) * 100, writes };
}
