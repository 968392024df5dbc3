// `node bench/src/layouts.ts`: the storage layouts there are to choose from, by hand and with everything in them that
// the engine's claim and finish need (order by type, priority and due time; a fencing token; history; counts per
// minute), but without the engine around them. What it printed stands in docs/decisions/0001-table-per-state.md.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Database from "better-sqlite3";
import { payloadOf, TYPES } from "./holdfast/jobs.ts";
import { median } from "./statistics.ts";

const BATCH = 100;

interface Claimed {
  readonly seq: number;
  readonly type: string;
  readonly payload: string;
}

/** One way to lay jobs out, over an open database. */
interface Layout {
  add(job: {
    readonly type: string;
    readonly np: number;
    readonly due: number;
    readonly payload: string;
  }): void;
  /** In one transaction. */
  claim(token: number): readonly Claimed[];
  /** In one transaction; throws unless all are held under the token. */
  finish(claimed: readonly Claimed[], token: number): void;
}

type MakeLayout = (database: Database.Database) => Layout;

const JOB_COLUMNS = `type TEXT NOT NULL, payload TEXT NOT NULL, priority INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL, created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, workflow_id TEXT`;
const STATE_COLUMNS = `state INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, token INTEGER,
  worker_id TEXT, claimed_at INTEGER, finished_at INTEGER, result TEXT`;

const unionOf = (arm: string): string => TYPES.map(() => arm).join(" UNION ALL ");
const seqsOf = (claimed: readonly Claimed[]): string => JSON.stringify(claimed.map(({ seq }) => seq));

/** What every layout counts besides. */
function counter(database: Database.Database): (claimed: readonly Claimed[]) => void {
  database.exec(`CREATE TABLE minute_stat (minute INTEGER, type TEXT, completed INTEGER NOT NULL,
    PRIMARY KEY (minute, type)) STRICT, WITHOUT ROWID`);
  const add = database.prepare(`INSERT INTO minute_stat VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET completed = completed + excluded.completed`);
  return (claimed) => {
    const counts = new Map<string, number>();
    for (const { type } of claimed) counts.set(type, (counts.get(type) ?? 0) + 1);
    for (const [type, count] of counts) add.run(Math.floor(Date.now() / 60_000), type, count);
  };
}

/** Runs work in a transaction that has the write lock from its beginning. */
function inTransaction<Arguments extends unknown[], Result>(
  database: Database.Database,
  work: (...given: Arguments) => Result,
): (...given: Arguments) => Result {
  const run = database.transaction(work);
  return (...given) => run.immediate(...given);
}

function assertFence(changed: number, wanted: number): void {
  if (changed !== wanted) throw new Error(`${changed} of ${wanted} runs were held under the token`);
}

/** One table: a state changes in the row that has the payload. */
const singleTable: MakeLayout = (database) => {
  database.exec(`
    CREATE TABLE job (seq INTEGER PRIMARY KEY, np INTEGER NOT NULL, ${JOB_COLUMNS}, ${STATE_COLUMNS}) STRICT;
    CREATE INDEX claimable ON job (type, np, due_at, seq) WHERE state = 0;
    CREATE INDEX held ON job (worker_id) WHERE state = 1;
    CREATE INDEX ended ON job (finished_at) WHERE state = 2;`);
  return inPlace(database, "job", (heads) => ({
    claim: `UPDATE job SET state = 1, token = ?, worker_id = 'w', claimed_at = ? WHERE seq IN (${heads})
      RETURNING seq, type, payload`,
    payloads: null,
  }));
};

/** Two tables: states change in rows without payload. */
const hotAndCold: MakeLayout = (database) => {
  database.exec(`
    CREATE TABLE job (seq INTEGER PRIMARY KEY, ${JOB_COLUMNS}) STRICT;
    CREATE TABLE hot (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, np INTEGER NOT NULL, due_at INTEGER NOT NULL,
      ${STATE_COLUMNS}) STRICT;
    CREATE INDEX claimable ON hot (type, np, due_at, seq) WHERE state = 0;
    CREATE INDEX held ON hot (worker_id) WHERE state = 1;
    CREATE INDEX ended ON hot (finished_at) WHERE state = 2;`);
  return inPlace(database, "hot", (heads) => ({
    claim: `UPDATE hot SET state = 1, token = ?, worker_id = 'w', claimed_at = ? WHERE seq IN (${heads}) RETURNING seq`,
    payloads: "SELECT j.seq, j.type, j.payload FROM json_each(?) e CROSS JOIN job j ON j.seq = e.value",
  }));
};

/** Claims and finishes by changing `state`. */
function inPlace(
  database: Database.Database,
  table: "job" | "hot",
  sql: (heads: string) => { readonly claim: string; readonly payloads: string | null },
): Layout {
  const count = counter(database);
  const arm = `SELECT seq, np, due_at FROM ${table} WHERE state = 0 AND type = +?`;
  const heads = `SELECT seq FROM (${unionOf(arm)} ORDER BY 2, 3, 1 LIMIT ${BATCH})`;
  const { claim, payloads } = sql(heads);
  const [claimRows, readPayloads] = [
    database.prepare(claim),
    payloads === null ? null : database.prepare(payloads),
  ];
  const finish = database.prepare(`UPDATE ${table} SET state = 2, attempts = attempts + 1, finished_at = ?
    WHERE seq IN (SELECT value FROM json_each(?)) AND state = 1 AND token = +?`);
  const columns = "type, payload, priority, max_attempts, created_at, due_at";
  const insertJob = database.prepare(
    table === "job"
      ? `INSERT INTO job (${columns}, np) VALUES (?, ?, ?, 5, ?, ?, ?)`
      : `INSERT INTO job (${columns}) VALUES (?, ?, ?, 5, ?, ?)`,
  );
  const insertHot =
    table === "hot" ? database.prepare("INSERT INTO hot (seq, type, np, due_at) VALUES (?, ?, ?, ?)") : null;
  return {
    add: ({ type, np, due, payload }) => {
      const own = insertHot ? [] : [np];
      const { lastInsertRowid } = insertJob.run(type, payload, -np, Date.now(), due, ...own);
      insertHot?.run(lastInsertRowid, type, np, due);
    },
    claim: inTransaction(database, (token: number) => {
      const rows = claimRows.all(token, Date.now(), ...TYPES) as Claimed[];
      return readPayloads ? (readPayloads.all(seqsOf(rows)) as Claimed[]) : rows;
    }),
    finish: inTransaction(database, (claimed: readonly Claimed[], token: number) => {
      assertFence(finish.run(Date.now(), seqsOf(claimed), token).changes, claimed.length);
      count(claimed);
    }),
  };
}

/** A table per state, as the engine has it: rows move, and what the payload stands in is never written again. */
const tablePerState: MakeLayout = (database) => {
  database.exec(`
    CREATE TABLE job (seq INTEGER PRIMARY KEY, ${JOB_COLUMNS}) STRICT;
    CREATE TABLE ready (type TEXT NOT NULL, np INTEGER NOT NULL, due_at INTEGER NOT NULL, seq INTEGER NOT NULL,
      attempts INTEGER NOT NULL, PRIMARY KEY (type, np, due_at, seq)) STRICT, WITHOUT ROWID;
    CREATE TABLE running (seq INTEGER PRIMARY KEY, token INTEGER NOT NULL, type TEXT NOT NULL, np INTEGER NOT NULL,
      due_at INTEGER NOT NULL, attempts INTEGER NOT NULL, worker_id TEXT NOT NULL, claimed_at INTEGER NOT NULL) STRICT;
    CREATE TABLE finished (n INTEGER PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, type TEXT NOT NULL,
      finished_at INTEGER NOT NULL, attempts INTEGER NOT NULL, result TEXT, worker_id TEXT,
      claimed_at INTEGER) STRICT;`);
  const count = counter(database);
  const arm = `SELECT r.type, r.np, r.due_at, r.seq, j.payload FROM ready r CROSS JOIN job j ON j.seq = r.seq
    WHERE r.type = +?`;
  const heads = database.prepare(`${unionOf(arm)} ORDER BY 2, 3, 4 LIMIT ${BATCH}`);
  const upTo = "FROM ready WHERE type = ? AND (np, due_at, seq) <= (?, ?, ?)";
  const take = database.prepare(
    `INSERT INTO running SELECT seq, ?, type, np, due_at, attempts, 'w', ? ${upTo}`,
  );
  const remove = database.prepare(`DELETE ${upTo}`);
  const append =
    database.prepare(`INSERT INTO finished (seq, type, finished_at, attempts, worker_id, claimed_at)
    SELECT r.seq, r.type, ?, r.attempts + 1, r.worker_id, r.claimed_at
    FROM json_each(?) e CROSS JOIN running r ON r.seq = e.value AND r.token = +?`);
  const end = database.prepare(
    "DELETE FROM running WHERE seq IN (SELECT value FROM json_each(?)) AND token = +?",
  );
  const insertJob = database.prepare(
    "INSERT INTO job (type, payload, priority, max_attempts, created_at, due_at) VALUES (?, ?, ?, 5, ?, ?)",
  );
  const insertReady = database.prepare("INSERT INTO ready VALUES (?, ?, ?, ?, 0)");
  return {
    add: ({ type, np, due, payload }) => {
      const { lastInsertRowid } = insertJob.run(type, payload, -np, Date.now(), due);
      insertReady.run(type, np, due, lastInsertRowid);
    },
    claim: inTransaction(database, (token: number) => {
      type Head = Claimed & { readonly np: number; readonly due_at: number };
      const rows = heads.all(...TYPES) as Head[];
      for (const { type, np, due_at, seq } of new Map(rows.map((row) => [row.type, row])).values()) {
        take.run(token, Date.now(), type, np, due_at, seq);
        remove.run(type, np, due_at, seq);
      }
      return rows;
    }),
    finish: inTransaction(database, (claimed: readonly Claimed[], token: number) => {
      const seqs = seqsOf(claimed);
      assertFence(append.run(Date.now(), seqs, token).changes, claimed.length);
      end.run(seqs, token);
      count(claimed);
    }),
  };
};

const LAYOUTS: Readonly<Record<string, MakeLayout>> = {
  "one table, partial indexes": singleTable,
  "hot and cold, partial indexes": hotAndCold,
  "a table per state": tablePerState,
};

interface Measured {
  readonly perSecond: number;
  readonly bytesPerJob: number;
}

/** Adds jobs, then claims and finishes `count` of them in batches. */
function measure(make: MakeLayout, count: number, beside: number, isMixed: boolean): Measured {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-layouts-"));
  const path = join(folder, "bench.db");
  const database = new Database(path);
  try {
    for (const pragma of ["journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 4000"])
      database.pragma(pragma);
    const layout = make(database);
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    database.transaction(() => {
      for (let n = 0; n < count + beside; n++) {
        const type = isMixed ? (TYPES[Math.floor(random() * TYPES.length)] ?? "t0") : "t0";
        const [np, due] = isMixed ? [-Math.floor(random() * 10), Math.floor(random() * 3_600_000)] : [0, 0];
        layout.add({ type, np, due, payload: JSON.stringify(payloadOf(n)) });
      }
    })();
    database.pragma("wal_checkpoint(TRUNCATE)");
    const bytesPerJob = statSync(path).size / (count + beside);
    const begin = performance.now();
    for (let done = 0, token = 1; done < count; token++) {
      const claimed = layout.claim(token);
      for (const { payload } of claimed) JSON.parse(payload);
      layout.finish(claimed, token);
      done += claimed.length;
    }
    return { perSecond: count / ((performance.now() - begin) / 1_000), bytesPerJob };
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: { quick: { type: "boolean" }, help: { type: "boolean", short: "h" } },
});
if (values.help) {
  console.log("Compares storage layouts: node bench/src/layouts.ts [--quick]");
} else {
  const [count, beside, rounds] = values.quick ? [5_000, 20_000, 1] : [20_000, 500_000, 3];
  const cases = [
    { name: "first-in first-out", beside: 0, isMixed: false },
    { name: "8 types, 10 priorities, due in random order", beside: 0, isMixed: true },
    { name: `the same beside ${beside.toLocaleString("en")} more`, beside, isMixed: true },
  ];
  console.log(
    `${count.toLocaleString("en")} jobs in batches of ${BATCH}, jobs per second, median of ${rounds}`,
  );
  for (const { name, beside: more, isMixed } of cases) {
    const runs = new Map(Object.keys(LAYOUTS).map((layout) => [layout, [] as Measured[]]));
    for (let round = 0; round < rounds; round++)
      for (const [layout, make] of Object.entries(LAYOUTS))
        runs.get(layout)?.push(measure(make, count, more, isMixed));
    console.log(`\n${name}`);
    for (const [layout, measured] of runs) {
      const speeds = measured.map(({ perSecond }) => perSecond);
      const range = `${Math.round(Math.min(...speeds))} – ${Math.round(Math.max(...speeds))}`;
      const bytes = Math.round(measured[0]?.bytesPerJob ?? 0);
      console.log(`  ${layout.padEnd(32)} ${Math.round(median(speeds))} (${range}), ${bytes} bytes per job`);
    }
  }
}
