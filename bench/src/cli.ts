import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BarResult, Bench } from "./bar.ts";
import { measureBulk, measureEnqueue, measureFull } from "./bars/p1-enqueue.ts";
import { measureFifo, measureMixed } from "./bars/p3-drain.ts";
import { measureBacklog } from "./bars/p5-backlog.ts";
import { measureProcesses } from "./bars/p6-processes.ts";
import { measurePickUp } from "./bars/p7-pick-up.ts";
import { measureMemory } from "./bars/p9-memory.ts";
import { checkGuarantees } from "./holdfast/check-guarantees.ts";
import { type BarId, HELP, OptionUnknownError, readOptions } from "./options.ts";
import { describeResult } from "./report/table.ts";

const MEASURES: Readonly<Record<BarId, (bench: Bench) => Promise<BarResult>>> = {
  P1: measureEnqueue,
  P2: measureBulk,
  P3: measureFifo,
  P4: measureMixed,
  P5: measureBacklog,
  P6: measureProcesses,
  P7: measurePickUp,
  P8: measureFull,
  P9: measureMemory,
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  const root = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const bench: Bench = { size: options.size, say, folder: () => mkdtempSync(join(root, "run-")) };
  try {
    for (const line of await checkGuarantees(bench)) say(`checked  ${line}`);
    const results: BarResult[] = [];
    for (const id of options.only) {
      say(`${id} …`);
      const result = await MEASURES[id](bench);
      results.push(result);
      say(describeResult(result));
    }
    if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    else process.stdout.write(`${results.map(describeResult).join("\n\n")}\n`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof OptionUnknownError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
