// How a fault test gets a row in the table of docs/reliability.md:
//
//   reportFigures({
//     fault: "SIGKILL of a worker among four",              // what is done to it; one row each
//     size: `${jobs} jobs, ${kills} kills`,                 // how much of it
//     seed,                                                 // if chance chose the faults
//     saw: { lost: 0, "finished twice": 0, "run twice": "0.8 %" }, // what came of it, counted, not hoped for
//   });
//
// Called inside a test, best after its last `expect`; a test may call it several times. The figures are printed, and
// `pnpm test:faults` (scripts/test-faults.ts) writes those of the full size into the table, with the test's name and
// the seconds it took. A new fault test joins by lying in one of the folders that script lists, by taking its full size
// when `process.env.HOLDFAST_FAULTS` is "full", and by reporting at least one row. The tests of the packages and those
// of the root may not import each other's files, so packages/queue-core/test and test each have this file; a test holds
// the two equal.
import { TestRunner } from "vitest";

/** What one fault test did and saw. */
export interface FaultFigures {
  readonly fault: string;
  readonly size: string;
  readonly seed?: number;
  readonly saw: Readonly<Record<string, number | string>>;
}

/** True if the faults are to come in full size, as `pnpm test:faults` asks for. */
export const isFullSize = process.env.HOLDFAST_FAULTS === "full";

/**
 * Hands a fault test's figures to the report.
 * @throws {Error} if no test is running
 */
export function reportFigures(figures: FaultFigures): void {
  const { meta } = TestRunner.getCurrentTest() ?? {};
  if (!meta) throw new Error("Figures are reported inside a test");
  const earlier = "figures" in meta && Array.isArray(meta.figures) ? meta.figures : [];
  Object.assign(meta, { figures: [...earlier, figures] });
  const saw = Object.entries(figures.saw).map(([what, value]) => `${what} ${value}`);
  process.stdout.write(`${figures.fault}, ${figures.size}: ${saw.join(", ")}\n`);
}
