// Does what a scheduler does, until it is killed: turns due slots into jobs, promotes, takes back, checkpoints.
import { setTimeout as sleep } from "node:timers/promises";
import { openKillQueue } from "./kill-handlers.ts";
import { readSettings } from "./kill-settings.ts";

const { store, queue } = await openKillQueue(readSettings().folder);
const TICK_MS = 50;

for (;;) {
  await queue.runDueCronJobs();
  await store.promoteDue();
  await queue.releaseStaleJobs();
  await store.checkpoint();
  await sleep(TICK_MS);
}
