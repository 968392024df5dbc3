// Recurring jobs on a clock that is moved by hand:
// node_modules/.bin/node --conditions=source examples/recurring-jobs.ts
import { createQueue, defineJob, nextRuns } from "@holdfast/queue-core";
import { FakeClock, MemoryDatabase } from "@holdfast/queue-core/testing";
import { z } from "zod";

const HOUR_MS = 3_600_000;
const jobs = [defineJob("send_report", { payload: z.object({ to: z.email() }) })] as const;
const memory = await MemoryDatabase.open();
const clock = new FakeClock(Date.UTC(2026, 2, 26, 12));
const queue = createQueue({ store: memory.openStore({ clock }), jobs, clock });
const short = (run: Date): string => run.toISOString().replace(":00.000", "");

const after = new Date(clock.now());
const timeZone = "Europe/Berlin";
const runs = nextRuns("30 9 * * *", { timeZone, after, count: 3 });
console.log(`the next 09:30s in Berlin: ${runs.map(short).join(", ")}`);
const [, , atTheGap] = nextRuns("30 2 * * *", { timeZone, after, count: 3 });
if (atTheGap) console.log(`02:30 on the day it is left out: ${short(atTheGap)}`);

const id = "morning-report";
await queue.registerCron("send_report", "30 9 * * *", { id, timeZone, payload: { to: "ada@example.com" } });
await queue.pauseCron(id);
clock.advance(48 * HOUR_MS);
await queue.resumeCron(id);
console.log(`paused for two days, then resumed: ${await queue.runDueCronJobs()} jobs`);

// A worker's job here would run longer than the hour: `skip` passes over the slots that come meanwhile.
const edited = await queue.editCron(
  id,
  { expression: { everyMs: HOUR_MS }, overlap: "skip" },
  { actor: "ada" },
);
console.log(`edited: ${edited.expression}, version ${edited.version}`);
let added = 0;
for (let hour = 0; hour < 3; hour += 1) {
  clock.advance(HOUR_MS);
  added += await queue.runDueCronJobs();
  await queue.dequeue("worker-1");
}
console.log(`3 hours while the first job runs: ${added} job`);
memory.close();
