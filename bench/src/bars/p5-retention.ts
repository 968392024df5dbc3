import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, sized } from "../bar.ts";
import { drain } from "../holdfast/drain.ts";
import { payloadOf } from "../holdfast/jobs.ts";
import { type Opened, openQueue } from "../holdfast/open.ts";
import { addFifo } from "../holdfast/prepare.ts";
import { startProgram } from "../run-program.ts";
import { median, quantile } from "../statistics.ts";

interface Pruned {
  readonly pruned: number;
  readonly seconds: number;
}

/**
 * How long callers of `enqueue` wait while another process deletes what has ended. No bar is set for it.
 * @returns a line for the notes
 */
export async function measureRetention(bench: Bench): Promise<string> {
  const rows = sized(bench, { full: 200_000, quick: 20_000, tiny: 500 });
  const path = join(bench.folder(), "bench.db");
  bench.say(`  completing ${rows.toLocaleString("en")} jobs, to delete them`);
  await addFifo(path, rows);
  await drain(path, rows);
  await using opened = await openQueue(path);
  await using program = startProgram("holdfast-prune", { path });
  await program.next();
  const alone = await waitsWhile(opened, sleep(500));
  program.send({ go: true });
  const ending = program.next<Pruned>();
  const beside = await waitsWhile(opened, ending);
  const { pruned, seconds } = await ending;
  const rate = Math.round(pruned / seconds).toLocaleString("en");
  return (
    `while ${pruned.toLocaleString("en")} ended jobs are deleted (${rate} a second), an enqueue takes ` +
    `${describe(beside)}; while none are, ${describe(alone)}`
  );
}

/** Enqueues about once a millisecond until something ends. */
async function waitsWhile({ queue }: Opened, ending: Promise<unknown>): Promise<readonly number[]> {
  const waitsMs: number[] = [];
  let hasEnded = false;
  const end = ending.finally(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    const askedAt = performance.now();
    await queue.enqueue("t0", payloadOf(waitsMs.length), { durability: "normal" });
    waitsMs.push(performance.now() - askedAt);
    await sleep(1);
  }
  await end;
  return waitsMs;
}

function describe(waitsMs: readonly number[]): string {
  const [p50, p99, longest] = [median(waitsMs), quantile(waitsMs, 0.99), quantile(waitsMs, 1)];
  return `${p50.toFixed(2)} ms (p99 ${p99.toFixed(1)}, longest ${longest.toFixed(1)})`;
}
