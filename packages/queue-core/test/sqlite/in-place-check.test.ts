import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileIdOf, InPlaceCheck } from "../../src/sqlite/in-place-check.ts";
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
      onReplaced: () => undefined,
    });
  expect(check).toThrow(expect.objectContaining({ code: "STORE_REFUSED" }));
});

it("gives no id for a file that is not there", () => {
  expect(fileIdOf(join(folder.path, "missing.db"))).toBeUndefined();
});
