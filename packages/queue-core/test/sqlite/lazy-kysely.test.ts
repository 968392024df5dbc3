import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** In a process of its own: this one has loaded all sorts of things. */
const PROGRAM = `
import { registerHooks } from "node:module";
let modules = 0;
registerHooks({
  load(url, context, next) {
    if (url.includes("/node_modules/kysely/")) modules += 1;
    return next(url, context);
  },
});
const { openSqliteStore } = await import(process.argv[1]);
const store = await openSqliteStore({ path: process.argv[2] });
await store.stats();
const opened = modules;
const rows = await store.read.selectFrom("job").select("seq").execute();
console.log(JSON.stringify({ opened, rows, loaded: modules > 0 }));
await store.close();
`;

it("R2: Kysely is loaded with the first query that is built: a worker without SQL of its own is 27 MB smaller", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "holdfast-"));
  const index = fileURLToPath(new URL("../../src/sqlite/index.ts", import.meta.url));
  const args = ["--conditions=source", "--input-type=module", "--eval", PROGRAM, index];
  const { stdout, stderr } = spawnSync(process.execPath, [...args, join(folder.path, "queue.db")], {
    encoding: "utf8",
  });
  expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual({ opened: 0, rows: [], loaded: true });
});
