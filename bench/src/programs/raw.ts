// What the database itself can do: better-sqlite3 by hand, one table, kept statements, no queue around it.
import Database from "better-sqlite3";
import { payloadOf, TYPES } from "../holdfast/jobs.ts";
import { answerAndEnd, readTask, timed } from "./task.ts";

type Mode = "one" | "bulk" | "full" | "fifo" | "mixed";
const {
  path,
  warmUp,
  count,
  mode,
  batch = 100,
} = readTask<{ path: string; warmUp: number; count: number; mode: Mode; batch?: number }>();

const database = new Database(path);
database.pragma("journal_mode = WAL");
database.pragma(`synchronous = ${mode === "full" ? "FULL" : "NORMAL"}`);
database.pragma("wal_autocheckpoint = 4000");
database.exec(`
  CREATE TABLE job (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, np INTEGER NOT NULL, due INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0, payload TEXT NOT NULL
  ) STRICT;`);
database.exec(
  mode === "mixed"
    ? "CREATE INDEX claimable ON job (type, np, due, id) WHERE state = 0"
    : "CREATE INDEX claimable ON job (id) WHERE state = 0",
);
const insert = database.prepare("INSERT INTO job (type, np, due, payload) VALUES (?, ?, ?, ?)");

/** A fixed sequence of numbers in [0, 1), so that every run has the same mixture. */
let seed = 1;
function random(): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
}

function insertOne(n: number): void {
  const type = mode === "mixed" ? TYPES[Math.floor(random() * TYPES.length)] : "t0";
  const np = mode === "mixed" ? -Math.floor(random() * 10) : 0;
  const due = mode === "mixed" ? Math.floor(random() * 3_600_000) : 0;
  insert.run(type, np, due, JSON.stringify(payloadOf(n)));
}
const insertMany = database.transaction((from: number, to: number) => {
  for (let n = from; n < to; n++) insertOne(n);
});
function insertInBulk(rows: number): void {
  for (let n = 0; n < rows; n += 1_000) insertMany(n, Math.min(n + 1_000, rows));
}
function insertOneByOne(rows: number): void {
  for (let n = 0; n < rows; n++) insertOne(n);
}

/** Makes what claims and finishes rows, batch by batch. */
function drainer(): (rows: number) => void {
  const arm = "SELECT id, np, due FROM job WHERE state = 0 AND type = ?";
  const heads =
    mode === "mixed"
      ? `SELECT id FROM (${TYPES.map(() => arm).join(" UNION ALL ")} ORDER BY 2, 3, 1 LIMIT ${batch})`
      : `SELECT id FROM job WHERE state = 0 ORDER BY id LIMIT ${batch}`;
  const claim = database.prepare(`UPDATE job SET state = 1 WHERE id IN (${heads}) RETURNING id, payload`);
  const finish = database.prepare("UPDATE job SET state = 2 WHERE id IN (SELECT value FROM json_each(?))");
  const types = mode === "mixed" ? TYPES : [];
  return (rows) => {
    for (let left = rows; left > 0; ) {
      const claimed = claim.all(...types) as { id: number; payload: string }[];
      if (claimed.length === 0) return;
      for (const { payload } of claimed) JSON.parse(payload);
      finish.run(JSON.stringify(claimed.map(({ id }) => id)));
      left -= claimed.length;
    }
  };
}

let work: (rows: number) => void = insertInBulk;
if (mode === "one" || mode === "full") {
  work = insertOneByOne;
} else if (mode !== "bulk") {
  insertInBulk(warmUp + count);
  work = drainer();
}
work(warmUp);
const seconds = await timed(() => work(count));
database.close();
answerAndEnd({ perSecond: count / seconds });
