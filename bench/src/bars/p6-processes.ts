import { join } from "node:path";
import { type BarResult, type Bench, type Part, sized, toResult, warmUpNote, warmUpOf } from "../bar.ts";
import { drain } from "../holdfast/drain.ts";
import { addFifo } from "../holdfast/prepare.ts";
import { inRounds, runsOf } from "../rounds.ts";
import { atLeast, median } from "../statistics.ts";

/** 2 and 4 worker processes on one file, against one; and how evenly they share. */
export async function measureProcesses(bench: Bench): Promise<BarResult> {
  const count = sized(bench, { full: 40_000, quick: 10_000, tiny: 1_000 });
  const warmUp = warmUpOf(bench);
  const shares: Record<number, number[]> = { 2: [], 4: [] };
  const measure = (processes: number) => async (): Promise<number> => {
    const path = join(bench.folder(), "bench.db");
    await addFifo(path, warmUp * processes + count);
    const drained = await drain(path, count, { warmUp, processes });
    shares[processes]?.push(Math.min(...drained.shares) / Math.max(...drained.shares));
    return drained.perSecond;
  };
  const runs = await inRounds(bench, {
    "1 process": measure(1),
    "2 processes": measure(2),
    "4 processes": measure(4),
  });
  const one = runsOf(runs, "1 process");
  const share = (processes: number): Part => {
    const seen = shares[processes] ?? [];
    const ratio = median(seen);
    const range = [Math.min(...seen), Math.max(...seen)] as const;
    const [name, against] = [`slowest of ${processes}`, "fastest"];
    return {
      name,
      value: ratio,
      unit: "×",
      against,
      ratio,
      range,
      bar: 0.4,
      atMost: false,
      ok: ratio >= 0.4,
    };
  };
  const parts = [
    atLeast("2 processes", runsOf(runs, "2 processes"), "1 process", one, 0.9),
    atLeast("4 processes", runsOf(runs, "4 processes"), "1 process", one, 0.9),
    share(2),
    share(4),
  ];
  return toResult({ id: "P6", title: "several worker processes", runs, parts, notes: [warmUpNote(warmUp)] });
}
