// A process in which some callers add a job each, again and again, for so long: `steady-writer.ts <database> <callers>
// <milliseconds>`. Begins when it is told to.
import { once } from "node:events";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { newJob } from "../../conformance/new-jobs.ts";

export interface SteadyReport {
  readonly added: number;
  readonly errors: readonly string[];
  readonly longestMs: number;
}

const [, , path = "", callers = "1", forMs = "0"] = process.argv;
const store = await openSqliteStore({ path });
const errors: string[] = [];
let added = 0;
let longestMs = 0;

async function call(untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    const beganMs = performance.now();
    try {
      await store.enqueue([newJob()], { durability: "normal" });
      added += 1;
    } catch (error) {
      errors.push(String(error));
    }
    longestMs = Math.max(longestMs, performance.now() - beganMs);
  }
}

process.send?.("ready");
await once(process, "message");
const untilMs = performance.now() + Number(forMs);
await Promise.all(Array.from({ length: Number(callers) }, () => call(untilMs)));
const report: SteadyReport = { added, errors, longestMs: Math.round(longestMs) };
process.send?.(report);
await store.close();
process.disconnect();
