import { type Bench, sized } from "./bar.ts";

/** Who is measured, and one run of it; the answer is jobs per second unless the bar says otherwise. */
export type Contestants = Readonly<Record<string, () => Promise<number>>>;

/**
 * Measures all contestants in turns, round after round: what slows the machine for a while slows each of them.
 * @returns every figure, by contestant
 */
export async function inRounds(
  bench: Pick<Bench, "size" | "say">,
  contestants: Contestants,
): Promise<Record<string, number[]>> {
  const rounds = sized(bench, { full: 5, quick: 3, tiny: 1 });
  const runs: Record<string, number[]> = {};
  for (let round = 1; round <= rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const figure = await run();
      (runs[name] ??= []).push(figure);
      bench.say(`  round ${round}/${rounds}  ${name}  ${Math.round(figure).toLocaleString("en")}`);
    }
  }
  return runs;
}

/** The figures of one contestant. */
export function runsOf(runs: Readonly<Record<string, number[]>>, name: string): readonly number[] {
  const figures = runs[name];
  if (!figures) throw new Error(`"${name}" was not measured`);
  return figures;
}
