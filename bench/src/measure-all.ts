import type { BarResult, Bench } from "./bar.ts";
import type { BarId } from "./options.ts";
import { describeResult } from "./report/table.ts";
import { isBenchOver } from "./run-program.ts";

export type Measures = Readonly<Record<BarId, (bench: Bench) => Promise<BarResult>>>;

export interface Measured {
  readonly results: readonly BarResult[];
  /** Bars that have no figures, because something broke while they were measured. */
  readonly broken: readonly BarId[];
}

/** Measures one bar after the other. One that breaks is told and left out: the figures of the others took minutes. */
export async function measureAll(bench: Bench, ids: readonly BarId[], measures: Measures): Promise<Measured> {
  const results: BarResult[] = [];
  const broken: BarId[] = [];
  for (const id of ids) {
    bench.say(`${id} …`);
    try {
      const result = await measures[id](bench);
      results.push(result);
      bench.say(describeResult(result));
    } catch (error) {
      if (isBenchOver()) throw error;
      broken.push(id);
      bench.say(`${id} BROKE: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { results, broken };
}
