import type { Bench } from "../bar.ts";
import type { Contestants } from "../rounds.ts";
import { runProgram } from "../run-program.ts";

/** What each peer does in a run: so many jobs before it is timed, and so many more. */
export interface PeerRun {
  readonly mode: "one" | "bulk" | "drain";
  readonly warmUp: number;
  readonly count: number;
}

/** The peers as contestants: each run has its own process and an empty place for its jobs. */
export async function peerContestants(bench: Bench, run: PeerRun): Promise<Contestants> {
  const ready = await bench.peers.ready();
  return Object.fromEntries(
    ready.map(({ name, program, place }) => [
      name,
      async () => {
        const task = { place: await place(), ...run };
        return (await runProgram<{ perSecond: number }>(program, task)).perSecond;
      },
    ]),
  );
}
