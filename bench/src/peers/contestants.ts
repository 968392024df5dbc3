import type { Bench } from "../bar.ts";
import type { Contestants } from "../rounds.ts";
import { runProgram } from "../run-program.ts";

/** The peers as contestants: each run has its own process and an empty place for its jobs. */
export async function peerContestants(
  bench: Bench,
  mode: "one" | "bulk" | "drain",
  count: number,
  nodeFlags: readonly string[] = [],
): Promise<Contestants> {
  const ready = await bench.peers.ready();
  return Object.fromEntries(
    ready.map(({ name, program, place }) => [
      name,
      async () => {
        const task = { place: await place(), mode, count };
        return (await runProgram<{ perSecond: number }>(program, task, nodeFlags)).perSecond;
      },
    ]),
  );
}
