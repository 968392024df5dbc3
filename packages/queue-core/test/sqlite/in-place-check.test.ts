import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileIdOf, InPlaceCheck } from "../../src/sqlite/in-place-check.ts";
import { backupDatabase, openSqliteStore } from "../../src/sqlite/index.ts";
import { takeForSoleUse } from "../../src/sqlite/sole-use.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { createFolder } from "./sqlite-test-database.ts";

let folder: ReturnType<typeof createFolder>;
beforeEach(() => {
  folder = createFolder();
});
afterEach(() => folder.remove());

it("refuses a database that is replaced while its connections are being opened", () => {
  const [first, second] = ["first.db", "second.db"].map((name) => join(folder.path, name));
  for (const path of [first, second]) writeFileSync(path ?? "", "");
  const check = () =>
    new InPlaceCheck({
      path: second ?? "",
      database: fileIdOf(first ?? ""),
      writers: [],
      clock: new FakeClock(),
      refuseTables: () => null,
      onReplaced: () => undefined,
    });
  expect(check).toThrow(expect.objectContaining({ code: "STORE_REFUSED" }));
});

it("keeps an opening process off a database that is restored meanwhile", async () => {
  const path = join(folder.path, "jobs.db");
  const backup = join(folder.path, "backup.db");
  await (await openSqliteStore({ path })).close();
  await backupDatabase({ from: path, to: backup });
  // As a restore does: the old file is locked until the new one has its name.
  const taken = takeForSoleUse(path);
  const opening = openSqliteStore({ path });
  renameSync(backup, path);
  taken?.close();
  await expect(opening).rejects.toThrow(/was replaced while it was being opened: start again/);
  expect(readdirSync(folder.path)).toEqual(["jobs.db"]);
  await (await openSqliteStore({ path })).close();
});

it("gives no id for a file that is not there", () => {
  expect(fileIdOf(join(folder.path, "missing.db"))).toBeUndefined();
});
