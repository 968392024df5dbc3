import { vi } from "vitest";
import type { MemoryDatabase } from "../../src/testing/index.ts";
import type { Instruments } from "./auditor.ts";
import { Choices } from "./choices.ts";
import { becomeQuiet } from "./quiet.ts";
import { FAULTS, type Fault } from "./simulated-connection.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { turn } from "./simulated-run.ts";
import { STEPS } from "./steps.ts";
import { World } from "./world.ts";

/** Where simulated runs take place, one after the other. */
export interface Laboratory {
  readonly memory: MemoryDatabase;
  readonly instruments: Instruments;
}

/** What became of a run. */
export interface Course {
  /** What was done, in order, up to the first violation. */
  readonly trace: readonly string[];
  readonly violations: readonly string[];
  readonly faults: number;
}

/** Of a hundred steps so many meet a fault. */
const FAULTY = 15;
/** Of a hundred steps so many are really several at once. */
const CROWDED = 20;

/**
 * Runs one interleaving. Each step draws all its chances from a seed of its own, so that leaving one out changes no
 * other more than the world it finds.
 * @param seeds one for each step
 */
export async function simulate(
  { memory, instruments }: Laboratory,
  seeds: readonly number[],
): Promise<Course> {
  const world = new World(memory, instruments);
  const trace: string[] = [];
  let faults = 0;
  const course = (): Course => ({ trace, violations: world.auditor.violations, faults });
  vi.clearAllTimers();
  for (const seed of seeds) {
    world.choices = new Choices(seed);
    const armed = armAll(world);
    trace.push(await takeStep(world));
    for (const { name, connection } of armed) {
      const struck = connection.disarm();
      if (!struck) continue;
      faults += 1;
      trace.push(`  ${name} met ${struck.kind} at ${struck.at}`);
    }
    world.replaceDead();
    if (memory.database.inTransaction) world.auditor.fail("a transaction is still open");
    if (world.auditor.violations.length > 0) return course();
  }
  world.choices = new Choices(seeds.length);
  trace.push("quiet");
  await becomeQuiet(world);
  for (const fault of instruments.findAllFaults()) world.auditor.fail(fault);
  return course();
}

async function takeStep(world: World): Promise<string> {
  const { choices } = world;
  if (!choices.percent(CROWDED)) return takeOne(world);
  world.isCrowded = true;
  const done = await Promise.all(
    Array.from({ length: 2 + choices.below(3) }, async () => {
      for (let turns = choices.below(4); turns > 0; turns -= 1) await turn();
      return takeOne(world);
    }),
  );
  world.isCrowded = false;
  return `together: ${done.join(" | ")}`;
}

/** Takes a step that finds something to do. */
async function takeOne(world: World): Promise<string> {
  for (let tries = 0; tries < 8; tries += 1) {
    const step = world.choices.weighted(STEPS);
    const what = step && (await step.act(world));
    if (step && what !== null && what !== undefined) return `${step.name}: ${what}`;
  }
  return "nothing";
}

/** Lets somebody meet a fault: whoever comes to that statement first, and with bad luck several. */
function armAll(world: World): readonly SimulatedProcess[] {
  const { choices } = world;
  if (!choices.percent(FAULTY)) return [];
  const kind = choices.pick(FAULTS) ?? "kill";
  const at = choices.percent(40) ? "COMMIT" : 1 + choices.below(12);
  const fault: Fault = { kind, at, rollsBack: choices.percent(50) };
  const armed = world.processes.filter(({ isAlive }) => isAlive);
  for (const { connection } of armed) connection.arm(fault);
  return armed;
}
