import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { MemoryDatabase, seedOfRun } from "../../src/testing/index.ts";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { findFaults } from "../sqlite/invariants.ts";
import { NOTE_TABLES } from "../sqlite/sqlite-test-database.ts";
import { instrumentsFor } from "./auditor.ts";
import { Choices } from "./choices.ts";
import { shrink } from "./shrink.ts";
import { type Laboratory, simulate } from "./simulate.ts";

const RUNS = isFullSize ? 20_000 : 300;
const STEPS = { least: 30, most: 60 };

/** The steps of the run that a seed stands for. */
function stepsOf(seed: number): readonly number[] {
  const choices = new Choices(seed);
  const count = STEPS.least + choices.below(STEPS.most - STEPS.least + 1);
  return Array.from({ length: count }, () => choices.below(2 ** 31));
}

let laboratory: Laboratory;

beforeAll(async () => {
  const memory = await MemoryDatabase.open({ migrations: [NOTE_TABLES] });
  laboratory = { memory, instruments: instrumentsFor(memory.database) };
  // Time-outs of runs are timers; the world's clock sets them off.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterAll(() => {
  vi.useRealTimers();
  laboratory.memory.close();
});

describe("R10: workers, schedulers, callers and operators, with faults at any statement", () => {
  it(`keep every rule in ${RUNS} interleavings, and all they leave behind comes to an end`, async () => {
    const seed = seedOfRun("simulation");
    const begun = performance.now();
    let steps = 0;
    let faults = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const seeds = stepsOf(seed + run);
      const course = await simulate(laboratory, seeds);
      steps += seeds.length;
      faults += course.faults;
      if (course.violations.length > 0) await report(seed + run, seeds);
    }
    expect(findFaults(laboratory.memory.database)).toEqual([]);
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    reportFigures({
      fault: "random interleavings of many processes, simulated",
      size: `${RUNS} runs, ${steps} steps`,
      seed,
      saw: { "faults met": faults, "rules broken": 0, "never ended": 0, seconds },
    });
  }, 1_800_000);

  it("take the same course again under the same seed", async () => {
    const seeds = stepsOf(1);
    const first = await simulate(laboratory, seeds);
    expect(await simulate(laboratory, seeds)).toEqual(first);
  });
});

/** The seed repeats the run as the first one; the steps are the fewest that still break a rule. */
async function report(seed: number, seeds: readonly number[]): Promise<never> {
  const { trace, violations } = await shrink(laboratory, seeds);
  return expect.fail([`HOLDFAST_SEED=${seed} repeats this:`, ...trace, ...violations].join("\n"));
}
