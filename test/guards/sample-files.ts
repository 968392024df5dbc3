// The sources of the sample workspace: this repository's shape in a few lines, free of violations.

interface Member {
  readonly name: string;
  readonly exports?: Readonly<Record<string, { source: string; default: string }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const source = (path: string) => ({ source: `./src/${path}.ts`, default: `./dist/${path}.js` });

/** The sample's members by folder. Each is named like a real one, so that the real direction table applies to it. */
export const MEMBERS: Readonly<Record<string, Member>> = {
  "packages/queue-core": {
    name: "@holdfast/queue-core",
    exports: { ".": source("index"), "./define": source("define"), "./sqlite": source("sqlite/index") },
    dependencies: { "better-sqlite3": "catalog:" },
    devDependencies: { "@types/better-sqlite3": "catalog:" },
  },
  "packages/http": { name: "@hectoday/http", exports: { ".": source("index") } },
  "packages/job-schemas": {
    name: "@holdfast/job-schemas",
    exports: { ".": source("index") },
    dependencies: { "@holdfast/queue-core": "workspace:*", zod: "catalog:" },
  },
  "packages/services": {
    name: "@holdfast/services",
    exports: { ".": source("index") },
    dependencies: { "@holdfast/job-schemas": "workspace:*", "@holdfast/queue-core": "workspace:*" },
  },
  "apps/api": {
    name: "@holdfast/api",
    dependencies: { "@hectoday/http": "workspace:*", "@holdfast/services": "workspace:*" },
  },
  "apps/worker": {
    name: "@holdfast/worker",
    dependencies: { "@holdfast/queue-core": "workspace:*", "@holdfast/services": "workspace:*" },
  },
  bench: { name: "@holdfast/bench", devDependencies: { plainjob: "catalog:" } },
};

const ROOT_MANIFEST = {
  name: "sample",
  version: "0.1.0",
  private: true,
  type: "module",
  devEngines: { packageManager: { name: "pnpm", version: "12.21.0" } },
  scripts: { test: "vitest run" },
  devDependencies: { "@types/node": "catalog:", "oxc-parser": "catalog:", vitest: "catalog:" },
};

const CATALOG = [
  "@types/better-sqlite3",
  "@types/node",
  "better-sqlite3",
  "oxc-parser",
  "plainjob",
  "vitest",
  "zod",
];

const toText = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
const toJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** The package.json of the member in `folder`, with `changes` over it. */
export function manifestOf(folder: string, changes: Partial<Member> = {}): string {
  return toJson({ version: "0.1.0", private: true, type: "module", ...MEMBERS[folder], ...changes });
}

/** Path → text of every file of the sample that isn't this repository's own configuration. */
export const SAMPLE_FILES: Readonly<Record<string, string>> = {
  "package.json": toJson(ROOT_MANIFEST),
  "pnpm-workspace.yaml": toText([
    "packages:",
    "  - packages/*",
    "  - apps/*",
    "  - bench",
    "catalog:",
    ...CATALOG.map((name) => `  "${name}": 1.0.0`),
  ]),
  ...Object.fromEntries(Object.keys(MEMBERS).map((folder) => [`${folder}/package.json`, manifestOf(folder)])),
  "packages/queue-core/src/clock.ts": toText(["export const now = (): number => Date.now();"]),
  "packages/queue-core/src/define.ts": toText(["export const PRIORITY = { NORMAL: 5 } as const;"]),
  "packages/queue-core/src/index.ts": toText([
    'export { now } from "./clock.ts";',
    'export { PRIORITY } from "./define.ts";',
  ]),
  "packages/queue-core/src/sqlite/index.ts": toText([
    'import Database from "better-sqlite3";',
    "",
    "export const open = (path: string) => new Database(path);",
  ]),
  // Loaded by URL, so nothing imports it: the guard against unused files must know its ending.
  "packages/queue-core/src/worker/heartbeat-thread.ts": toText(['console.log("beat");']),
  "packages/queue-core/test/clock.test.ts": toText([
    'import { expect, it } from "vitest";',
    'import { now } from "../src/clock.ts";',
    "",
    'it("counts milliseconds since 1970", () => {',
    "  expect(now()).toBeGreaterThan(0);",
    "});",
  ]),
  "packages/http/src/index.ts": toText(["export const ok = (): Response => new Response();"]),
  "packages/job-schemas/src/index.ts": toText([
    'import { PRIORITY } from "@holdfast/queue-core/define";',
    'import { z } from "zod";',
    "",
    "export const mail = { payload: z.string(), priority: PRIORITY.NORMAL };",
  ]),
  "packages/services/src/index.ts": toText([
    'import { mail } from "@holdfast/job-schemas";',
    'import { now } from "@holdfast/queue-core";',
    "",
    "export const sentAt = (): number => now() + mail.priority;",
  ]),
  "apps/api/src/main.ts": toText([
    'import { ok } from "@hectoday/http";',
    'import { sentAt } from "@holdfast/services";',
    "",
    "console.log(ok().status, sentAt());",
  ]),
  "apps/worker/src/main.ts": toText([
    'import { open } from "@holdfast/queue-core/sqlite";',
    'import { sentAt } from "@holdfast/services";',
    "",
    'console.log(open(":memory:").name, sentAt());',
  ]),
  "bench/src/main.ts": toText([
    'import { defineQueue } from "plainjob";',
    "",
    "console.log(defineQueue.name);",
  ]),
  "vitest.config.ts": toText([
    'import { defineConfig } from "vitest/config";',
    "",
    'export default defineConfig({ test: { include: ["packages/*/test/**/*.test.ts"] } });',
  ]),
};
