import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

it("R4: a wrong payload or an unknown type is a compile error, wherever a job is named", () => {
  const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
  const project = join(import.meta.dirname, "tsconfig.types.json");
  const tsc = spawnSync(process.execPath, [join(typescript, "bin", "tsc"), "-p", project], {
    encoding: "utf8",
  });
  expect(tsc.stdout + tsc.stderr).toBe("");
  expect(tsc.status).toBe(0);
}, 60_000);
