import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "./bar.ts";
import { measureBulk, measureEnqueue, measureFull } from "./bars/p1-enqueue.ts";
import { measureFifo, measureMixed } from "./bars/p3-drain.ts";
import { measureBacklog } from "./bars/p5-backlog.ts";
import { measureProcesses } from "./bars/p6-processes.ts";
import { measurePickUp } from "./bars/p7-pick-up.ts";
import { measureMemory } from "./bars/p9-memory.ts";
import { measureOrders } from "./bars/p10-orders.ts";
import { checkGuarantees } from "./holdfast/check-guarantees.ts";
import { BenchInterruptedError, untilInterrupted } from "./interruption.ts";
import { type Measured, type Measures, measureAll } from "./measure-all.ts";
import { type BenchOptions, HELP, OptionUnknownError, readOptions } from "./options.ts";
import { PeerHost } from "./peers/peer-host.ts";
import { PageUnfitError } from "./report/page.ts";
import { describeResult } from "./report/table.ts";
import { checkWritable, writeFigures } from "./report/write.ts";
import { killPrograms } from "./run-program.ts";

const MEASURES: Measures = {
  P1: measureEnqueue,
  P2: measureBulk,
  P3: measureFifo,
  P4: measureMixed,
  P5: measureBacklog,
  P6: measureProcesses,
  P7: measurePickUp,
  P8: measureFull,
  P9: measureMemory,
  P10: measureOrders,
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function checkAndMeasure(bench: Bench, { only }: BenchOptions): Promise<Measured> {
  for (const line of await checkGuarantees(bench)) say(`checked  ${line}`);
  return await measureAll(bench, only, MEASURES);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  if (options.write) checkWritable(options);
  const root = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const folder = (): string => mkdtempSync(join(root, "run-"));
  const peers = new PeerHost({ folder, say });
  try {
    const { results, broken } = await untilInterrupted(() =>
      checkAndMeasure({ size: options.size, say, folder, peers }, options),
    );
    if (broken.length > 0) process.exitCode = 1;
    if (options.write) await writeFigures(results, options, peers);
    if (options.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    else process.stdout.write(`${results.map(describeResult).join("\n\n")}\n`);
  } finally {
    await killPrograms();
    await peers[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  if (error instanceof OptionUnknownError) process.exitCode = 2;
  else if (error instanceof PageUnfitError) process.exitCode = 1;
  else if (!(error instanceof BenchInterruptedError)) throw error;
  say(error.message);
}
// After an interruption a measurement may still wait for a process that is gone.
process.exit();
