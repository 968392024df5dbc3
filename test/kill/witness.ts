// What happened, written where no transaction takes it back: files that several processes append to. Each line is one
// write to a file opened with O_APPEND, so lines do not mix, and a killed process leaves no half of one.
import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Length of a line of the runs: all are equally long, so the file's size counts them. */
const RUN_LENGTH = 40;

/** Says that a run of a job has begun. */
export function witnessRun(folder: string, jobId: string): void {
  const how = isAlone() ? "alone" : "among";
  appendFileSync(join(folder, "runs"), `${`${jobId} ${process.pid} ${how}`.padEnd(RUN_LENGTH - 1)}\n`);
}

/** Whether this process runs a single job for a worker: only such a process has a channel to its parent. */
export function isAlone(): boolean {
  return process.send !== undefined;
}

/** How many runs have begun. */
export function countRuns(folder: string): number {
  const path = join(folder, "runs");
  return existsSync(path) ? statSync(path).size / RUN_LENGTH : 0;
}

/** Appends a line to a file of the folder. */
export function witness(folder: string, file: string, ...words: readonly string[]): void {
  appendFileSync(join(folder, file), `${words.join(" ")}\n`);
}

/** The lines of such a file, as words. */
export function witnessed(folder: string, file: string): readonly (readonly string[])[] {
  const path = join(folder, file);
  if (!existsSync(path)) return [];
  const text = readFileSync(path, "utf8").trim();
  return text === "" ? [] : text.split("\n").map((line) => line.trim().split(" "));
}
