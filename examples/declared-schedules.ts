// Schedules that the code declares as a whole:
// node_modules/.bin/node --conditions=source examples/declared-schedules.ts
import { createQueue, defineJob } from "@holdfast/queue-core";
import { FakeClock, MemoryDatabase } from "@holdfast/queue-core/testing";
import { z } from "zod";

const jobs = [
  defineJob("send_report", { payload: z.object({ to: z.string() }) }),
  defineJob("poll_mailbox", { payload: z.object({}) }),
] as const;
const clock = new FakeClock(Date.UTC(2026, 2, 27));
const memory = await MemoryDatabase.open();
const queue = createQueue({ store: memory.openStore({ clock }), jobs, clock });

const report = {
  type: "send_report",
  expression: "30 9 * * *",
  timeZone: "Europe/Berlin",
  payload: { to: "ada@example.com" },
} as const;
const poll = { type: "poll_mailbox", expression: { everyMs: 90_000 }, payload: {} } as const;

/** What a deploy does at its start. */
async function deploy(name: string, schedules: Parameters<typeof queue.syncCron>[0]): Promise<void> {
  const result = await queue.syncCron(schedules);
  const told = Object.entries(result).map(([what, ids]) => `${what} ${ids.join(", ") || "none"}`);
  console.log(`${name}: ${told.join("; ")}`);
}

await deploy("first deploy", [report, poll]);
await queue.editCron("send_report", { expression: "0 10 * * *" }, { actor: "ada" });
await deploy("the same again", [report, poll]);
await deploy("without the mailbox", [report]);

for (const { id, expression, isActive } of await queue.store.listSchedules())
  console.log(`${id}: ${expression}, ${isActive ? "active" : "off"}`);
memory.close();
