// What the machine itself can do for a pick-up: a row, a touched file that the other process watches, and a claim by
// hand. No queue around it.
import { type FSWatcher, utimesSync, watch, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { payloadOf } from "../holdfast/jobs.ts";
import { runPeer } from "./peer.ts";

/** A touch that is not heard is made good after so long, in milliseconds. */
const POLL_MS = 100;

await runPeer(async ({ place, mode }) => {
  const database = new Database(place);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  const bell = `${place}.bell`;
  if (mode === "producer") {
    writeFileSync(bell, "");
    database.exec(`
      CREATE TABLE job (id INTEGER PRIMARY KEY, state INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL) STRICT;
      CREATE INDEX claimable ON job (id) WHERE state = 0;`);
  }
  const insert = database.prepare("INSERT INTO job (payload) VALUES (?)");
  const claim = database.prepare(`
    UPDATE job SET state = 1 WHERE id IN (SELECT id FROM job WHERE state = 0 ORDER BY id LIMIT 100)
    RETURNING id, payload`);
  const finish = database.prepare("UPDATE job SET state = 2 WHERE id = ?");
  const left = database.prepare("SELECT EXISTS (SELECT 1 FROM job WHERE state < 2)").pluck();
  const add = (n: number): void => void insert.run(JSON.stringify(payloadOf(n)));
  let watcher: FSWatcher | undefined;
  let poll: NodeJS.Timeout | undefined;
  return {
    async add(n) {
      add(n);
      const now = new Date();
      utimesSync(bell, now, now);
    },
    async addMany(from, to) {
      for (let n = from; n < to; n++) add(n);
    },
    async work(onJob) {
      const look = (): void => {
        for (const { id, payload } of claim.all() as { id: number; payload: string }[]) {
          onJob(JSON.parse(payload).n);
          finish.run(id);
        }
      };
      watcher = watch(bell, look);
      poll = setInterval(look, POLL_MS);
    },
    isDrained: async () => left.get() === 0,
    async close() {
      watcher?.close();
      clearInterval(poll);
      database.close();
    },
  };
});
