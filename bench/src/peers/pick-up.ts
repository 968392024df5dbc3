import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "../bar.ts";
import { startProgram } from "../run-program.ts";
import { quantile } from "../statistics.ts";
import type { ReadyPeer } from "./peer-host.ts";

interface Heard {
  readonly n: number;
  readonly atNs: string;
}

/** Longer than any of their polls: pg-boss looks after 30 s where a notification was lost. */
const LOST_MS = 45_000;

/**
 * How long each job of one process waits for an idle worker in another.
 * @returns milliseconds from before the call that adds it to its handler's first line, per job
 */
export async function measurePeerPickUp(
  bench: Bench,
  peer: Pick<ReadyPeer, "name" | "program" | "place">,
  rounds: number,
): Promise<number[]> {
  const place = await peer.place();
  // One after the other: the first makes the tables.
  await using producer = startProgram(peer.program, { place, mode: "producer", warmUp: 0, count: 0 });
  await producer.next();
  await using worker = startProgram(peer.program, { place, mode: "worker", warmUp: 0, count: 0 });
  await worker.next();
  const latenciesMs: number[] = [];
  // The first is not counted: it meets cold code on both sides.
  for (let n = 0; n <= rounds; n++) {
    await sleep(15 + Math.random() * 20);
    producer.send({ n });
    const both = Promise.all([producer.next<Heard>(), worker.next<Heard>()]);
    const heard = await Promise.race([both, sleep(LOST_MS, null)]);
    if (heard === null) throw new Error(`${peer.name} did not run a job within ${LOST_MS} ms`);
    const [asked, begun] = heard;
    if (n > 0) latenciesMs.push(Number(BigInt(begun.atNs) - BigInt(asked.atNs)) / 1e6);
  }
  bench.say(`  ${peer.name}: ${rounds} jobs picked up, p50 ${quantile(latenciesMs, 0.5).toFixed(2)} ms`);
  await Promise.all([worker.end(), producer.end()]);
  return latenciesMs;
}
