// A process that has one store open per way of opening its file once more, and then goes each of these ways.
import { once } from "node:events";
import { copyFileSync, createReadStream, openSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";

/** By the name of the database that is opened; what it does to the process's locks, the test says. */
const WAYS: Readonly<Record<string, (path: string) => unknown>> = {
  "not.db": () => undefined,
  "by-sqlite.db": async (path) => (await openSqliteStore({ path })).close(),
  "read-file.db": (path) => readFileSync(path),
  "read-shared-memory.db": (path) => readFile(`${path}-shm`),
  "copy-file.db": (path) => copyFileSync(path, `${path}.copy`),
  "read-stream.db": (path) => once(createReadStream(path).resume(), "close"),
  "log-left-open.db": (path) => openSync(`${path}-wal`, "r"),
  "by-another-sqlite.db": (path) => new DatabaseSync(path).close(),
};

const [, , folder = ""] = process.argv;
const stores = await Promise.all(
  Object.keys(WAYS).map((name) => openSqliteStore({ path: join(folder, name) })),
);
for (const [name, open] of Object.entries(WAYS)) await open(join(folder, name));
process.send?.(Object.keys(WAYS));
await once(process, "message");
for (const store of stores) await store.close();
process.disconnect();
