// One violation per rule of the gate. Each is a file (or a changed file) that breaks its own rule and no other one of
// the same guard, so the guard must name exactly these pairs of file and rule.
import { manifestOf, SAMPLE_FILES } from "./sample-files.ts";

/** A file that breaks `rule`. `with` are files (path → text) that it needs for that. */
export interface Plant {
  readonly rule: string;
  readonly path: string;
  readonly text: string;
  readonly with?: Readonly<Record<string, string>>;
}

const api = (name: string): string => `apps/api/src/${name}.ts`;
const core = (name: string): string => `packages/queue-core/src/${name}.ts`;
const coreTest = (name: string): string => `packages/queue-core/test/${name}.test.ts`;
const task = "const task = async (): Promise<number> => 1;\n";
const vitest = 'import { expect, it } from "vitest";\n';

const format: readonly Plant[] = [
  { rule: "format", path: core("single-quotes"), text: "export const a = 'a';\n" },
  { rule: "format", path: core("long-line"), text: `export const sum = [${"100, ".repeat(30)}100];\n` },
  { rule: "format", path: "apps/api/tsconfig.json", text: '{"files":[]}\n' },
  {
    rule: "assist/source/organizeImports",
    path: core("unsorted-imports"),
    text: 'import { b } from "./b.ts";\nimport { a } from "./a.ts";\n\nexport const all = [a, b];\n',
  },
];

const workspace: readonly Plant[] = [
  {
    rule: "types-in-dependencies",
    path: "apps/api/package.json",
    text: manifestOf("apps/api", { dependencies: { "@types/pdfkit": "1.0.0" } }),
  },
  {
    rule: "unordered-dependencies",
    path: "packages/http/package.json",
    text: manifestOf("packages/http", { dependencies: { zod: "catalog:", rou3: "catalog:" } }),
  },
  {
    rule: "empty-dependencies",
    path: "packages/services/package.json",
    text: manifestOf("packages/services", { dependencies: {} }),
  },
];

const imports: readonly Plant[] = [
  { rule: "direction", path: core("uses-services"), text: 'export * from "@holdfast/services";\n' },
  {
    rule: "direction",
    path: core("uses-schemas"),
    text: 'import type { mail } from "@holdfast/job-schemas";\n',
  },
  {
    rule: "direction",
    path: core("uses-http"),
    text: 'export const http = () => import("@hectoday/http");\n',
  },
  { rule: "direction", path: coreTest("uses-http"), text: 'import "@hectoday/http";\n' },
  { rule: "direction", path: "packages/http/src/uses-queue.ts", text: 'import "@holdfast/queue-core";\n' },
  {
    rule: "direction",
    path: "packages/http/src/uses-shop.ts",
    text: 'export type Mail = typeof import("@holdfast/job-schemas");\n',
  },
  {
    rule: "direction",
    path: "packages/job-schemas/src/uses-queue.ts",
    text: 'import { now } from "@holdfast/queue-core";\n',
  },
  {
    rule: "direction",
    path: "packages/job-schemas/src/uses-services.ts",
    text: 'import "@holdfast/services";\n',
  },
  { rule: "direction", path: "packages/services/src/uses-http.ts", text: 'import "@hectoday/http";\n' },
  { rule: "direction", path: "packages/services/src/uses-app.ts", text: 'import "@holdfast/worker";\n' },
  { rule: "direction", path: api("uses-app"), text: 'import "@holdfast/worker";\n' },
  { rule: "direction", path: "test/uses-app.test.ts", text: 'import "@holdfast/worker";\n' },
  { rule: "outside", path: "packages/job-schemas/src/uses-pino.ts", text: 'import pino from "pino";\n' },
  { rule: "driver", path: core("uses-driver"), text: 'import type { Database } from "better-sqlite3";\n' },
  { rule: "driver", path: api("uses-driver"), text: 'const driver = require("better-sqlite3");\n' },
  { rule: "bench-only", path: core("uses-peer"), text: 'import { Queue } from "bullmq";\n' },
  { rule: "bench-only", path: coreTest("uses-peer"), text: 'import "plainjob";\n' },
  {
    rule: "bench-only",
    path: "scripts/uses-peer.ts",
    text: 'const { run } = await import("graphile-worker");\n',
  },
  { rule: "direction", path: api("uses-bench"), text: 'import "@holdfast/bench";\n' },
  { rule: "leaves-package", path: api("reaches-out"), text: 'export * from "../../worker/src/main.ts";\n' },
  { rule: "leaves-package", path: core("reaches-up"), text: 'import "../../../scripts/check.ts";\n' },
  { rule: "leaves-package", path: "test/reaches-in.ts", text: 'import "../packages/http/src/index.ts";\n' },
  { rule: "undeclared", path: api("uses-schemas"), text: 'import "@holdfast/job-schemas";\n' },
  { rule: "undeclared", path: core("uses-test-tool"), text: 'import "vitest";\n' },
];

const clock: readonly Plant[] = [
  { rule: "clock", path: core("date-now"), text: "export const now = () => Date.now();\n" },
  { rule: "clock", path: core("date-now-as-value"), text: "export const now = globalThis.Date.now;\n" },
  { rule: "clock", path: core("new-date"), text: "export const today = new Date();\n" },
  { rule: "clock", path: core("date-call"), text: "export const today = Date();\n" },
  { rule: "clock", path: api("performance-now"), text: "export const startedAt = performance.now();\n" },
  { rule: "clock", path: api("hrtime"), text: "export const startedAt = process.hrtime.bigint();\n" },
];

const lint: readonly Plant[] = [
  { rule: "typescript(no-floating-promises)", path: core("floating"), text: `${task}task();\n` },
  {
    rule: "typescript(no-misused-promises)",
    path: core("misused"),
    text: `${task}export const done = task() ? "always" : "never";\n`,
  },
  {
    rule: "typescript(await-thenable)",
    path: core("await-number"),
    text: "const one = 1;\nexport const a = await one;\n",
  },
  {
    rule: "typescript(return-await)",
    path: core("return-in-try"),
    text: `${task}export const run = async () => { try { return task(); } catch (e) { return e; } };\n`,
  },
  {
    rule: "typescript(switch-exhaustiveness-check)",
    path: core("missing-case"),
    text: "export const f = (a: 1 | 2): void => { switch (a) { case 1: console.log(a); } };\n",
  },
  { rule: "typescript(only-throw-error)", path: core("throw-text"), text: 'throw "text";\n' },
  {
    rule: "typescript(prefer-promise-reject-errors)",
    path: core("reject-text"),
    text: 'export const refused = () => Promise.reject("text");\n',
  },
  {
    rule: "typescript(no-explicit-any)",
    path: core("any"),
    text: "export const a = (b: any): string => String(b);\n",
  },
  {
    rule: "typescript(no-non-null-assertion)",
    path: core("non-null"),
    text: "export const first = (all: number[]): number => all[0]!;\n",
  },
  {
    rule: "typescript(no-unnecessary-type-assertion)",
    path: core("needless-cast"),
    text: "export const same = (a: number): number => a as number;\n",
  },
  {
    rule: "typescript(no-deprecated)",
    path: core("deprecated"),
    text: "/** @deprecated */\nconst old = (): number => 1;\nexport const used = old();\n",
  },
  {
    rule: "typescript(ban-ts-comment)",
    path: core("silenced"),
    text: "// @ts-ignore\nexport const a = 1;\n",
  },
  {
    rule: "eslint(eqeqeq)",
    path: core("loose"),
    text: "export const isOne = (a: unknown): boolean => a == 1;\n",
  },
  {
    rule: "eslint(no-empty)",
    path: core("empty"),
    text: "export const f = (a: boolean) => {\n  if (a) {\n  }\n};\n",
  },
  { rule: "eslint(no-var)", path: core("var"), text: "export var a = 1;\n" },
  { rule: "eslint(prefer-const)", path: core("let"), text: "let a = 1;\nexport const b = a;\n" },
  { rule: "eslint(no-unused-vars)", path: core("unused-variable"), text: "const a = 1;\nexport {};\n" },
  {
    rule: "eslint(preserve-caught-error)",
    path: core("lost-cause"),
    text: 'try { run(); } catch (e) { console.log(e); throw new Error("lost"); }\nfunction run(): void {}\n',
  },
  {
    rule: "import(no-cycle)",
    path: core("cycle-a"),
    text: 'import { b } from "./cycle-b.ts";\nexport const a = (): number => b();\n',
  },
  {
    rule: "import(no-cycle)",
    path: core("cycle-b"),
    text: 'import { a } from "./cycle-a.ts";\nexport const b = (): number => a();\n',
  },
  {
    rule: "import(no-default-export)",
    path: core("default"),
    text: "const a = 1;\nexport default a;\n",
  },
  { rule: "unicorn(filename-case)", path: core("camelCase"), text: "export const a = 1;\n" },
  { rule: "unicorn(prefer-node-protocol)", path: core("bare-node"), text: 'export { join } from "path";\n' },
  {
    rule: "vitest(no-focused-tests)",
    path: coreTest("focused"),
    text: `${vitest}\nit.concurrent.only("runs alone", () => {\n  expect(1).toBe(1);\n});\n`,
  },
  {
    rule: "vitest(expect-expect)",
    path: coreTest("no-assertion"),
    text: `${vitest}\nexpect.extend({});\nit("asserts nothing", () => {});\n`,
  },
  {
    rule: "vitest(valid-expect)",
    path: coreTest("no-matcher"),
    text: `${vitest}\nit("has no matcher", () => {\n  expect(1);\n});\n`,
  },
];

const types: readonly Plant[] = [
  { rule: "TS2322", path: core("wrong-type"), text: 'export const a: number = "text";\n' },
  { rule: "TS2322", path: coreTest("wrong-type"), text: 'export const a: number = "text";\n' },
  { rule: "TS2322", path: "scripts/wrong-type.ts", text: 'export const a: number = "text";\n' },
  { rule: "TS2322", path: "examples/wrong-type.ts", text: 'export const a: number = "text";\n' },
  { rule: "TS7006", path: core("implicit-any"), text: "export const f = (a) => a;\n" },
  {
    rule: "TS2532",
    path: core("unchecked-index"),
    text: "export const f = (all: string[]): string => all[0].trim();\n",
  },
  {
    rule: "TS2375",
    path: core("explicit-undefined"),
    text: "export const a: { b?: number } = { b: undefined };\n",
  },
  { rule: "TS1294", path: api("enum"), text: "export enum Verb {\n  Claim,\n}\n" },
  {
    rule: "TS1484",
    path: api("type-as-value"),
    text: 'import { AddressInfo } from "node:net";\n\nexport type Address = AddressInfo;\n',
  },
  { rule: "TS2307", path: api("not-exported"), text: 'export * from "@holdfast/services/insides";\n' },
];

const unused: readonly Plant[] = [
  { rule: "files", path: core("orphan"), text: "export const a = 1;\n" },
  { rule: "exports", path: core("clock"), text: `${SAMPLE_FILES[core("clock")]}export const later = 1;\n` },
  {
    rule: "types",
    path: core("lease"),
    text: "export type Token = string;\nexport const lease = 1;\n",
    with: { [core("index")]: `${SAMPLE_FILES[core("index")]}export { lease } from "./lease.ts";\n` },
  },
  {
    rule: "dependencies",
    path: "packages/http/package.json",
    text: manifestOf("packages/http", { dependencies: { zod: "catalog:" } }),
  },
  {
    rule: "devDependencies",
    path: "packages/services/package.json",
    text: manifestOf("packages/services", { devDependencies: { zod: "catalog:" } }),
  },
  { rule: "unlisted", path: coreTest("unlisted"), text: 'import "pino";\n' },
  { rule: "unresolved", path: coreTest("unresolved"), text: 'import "../src/missing.ts";\n' },
  {
    rule: "catalog",
    path: "pnpm-workspace.yaml",
    text: `${SAMPLE_FILES["pnpm-workspace.yaml"]}  pino: 1.0.0\n`,
  },
];

/** Guard name → what is planted for it. */
export const PLANTS: Readonly<Record<string, readonly Plant[]>> = {
  format,
  workspace,
  imports,
  clock,
  lint,
  types,
  unused,
};
