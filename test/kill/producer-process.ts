// Adds jobs until it is killed, and writes down the id of each once it was acknowledged.
import { setTimeout as sleep } from "node:timers/promises";
import { openKillQueue } from "./kill-handlers.ts";
import { readSettings } from "./kill-settings.ts";
import { witness } from "./witness.ts";

const { folder } = readSettings();
const { store, queue } = await openKillQueue(folder);
const DELAY_MS = 300;
/** Between two jobs: the workers should keep up. */
const PAUSE_MS = 10;

/** The ways to add a job, in turn. */
const ways: readonly ((n: number) => Promise<string>)[] = [
  async (n) => (await queue.enqueue("work", { n })).id,
  async (n) => (await queue.enqueueDelayed("work", { n }, DELAY_MS)).id,
  async (n) => (await queue.enqueue("work", { n }, { durability: "normal" })).id,
  (n) =>
    store.transaction(async (tx) => {
      const { id } = await queue.enqueue("work", { n }, { tx });
      await tx.sql.insertInto("intent").values({ job_id: id }).execute();
      return id;
    }),
];

for (let n = 0; ; n++) {
  const way = n % ways.length;
  const id = await ways[way]?.(n);
  if (id !== undefined) witness(folder, "acknowledged", id, String(way));
  await sleep(PAUSE_MS);
}
