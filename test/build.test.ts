// What images and packed packages run is `dist`; every other test runs the sources.
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TOOLS = join(ROOT, "node_modules", ".bin");

interface Member {
  readonly name: string;
  readonly folder: string;
  readonly build: string;
  readonly dependencies: readonly string[];
}

interface Ended {
  readonly code: number;
  readonly output: string;
}

function readMembers(): readonly Member[] {
  const folders = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(ROOT, group)).map((name) => join(group, name)),
  );
  return folders.map((folder) => {
    const manifest = JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
    const dependencies = Object.keys(manifest.dependencies ?? {});
    return { name: manifest.name, folder, build: manifest.scripts.build, dependencies };
  });
}

/** Each member after the ones it needs: the compiler reads their declarations. */
function inBuildOrder(members: readonly Member[]): readonly Member[] {
  const ordered = new Set<Member>();
  const add = (member: Member): void => {
    for (const other of members) if (member.dependencies.includes(other.name)) add(other);
    ordered.add(member);
  };
  members.forEach(add);
  return [...ordered];
}

function run(command: string, args: readonly string[], folder: string): Promise<Ended> {
  // Without the variables by which this test run may have told Node to look at sources.
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${TOOLS}${delimiter}${process.env.PATH}` };
  return new Promise((resolve) => {
    execFile(command, args, { cwd: resolvePath(ROOT, folder), env }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : -1) : 0;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(ROOT, folder).length + 1));
}

/** Runs on its own package by name: without the condition `source` that is `dist`. */
const DIST_PROCESS = fileURLToPath(
  new URL("../packages/queue-core/test/worker/dist-process.ts", import.meta.url),
);

const isCompiled = (path: string): boolean => /\.(?:js|d\.ts|js\.map)$/.test(path);

const members = inBuildOrder(readMembers());
const built = new Map<string, Ended>();

beforeAll(async () => {
  for (const { name, folder, build } of members) {
    rmSync(join(ROOT, folder, "dist"), { recursive: true, force: true });
    built.set(name, await run("sh", ["-c", build], folder));
  }
}, 240_000);

describe("the build", () => {
  it.each(members)("compiles $name", ({ name }) => {
    expect(built.get(name)).toEqual({ code: 0, output: "" });
  });

  it.each(members)("leaves no file of $name behind", ({ folder }) => {
    const sources = filesIn(join(folder, "src"));
    const results = filesIn(join(folder, "dist"));
    const scripts = sources.filter((path) => /(?<!\.d)\.ts$/.test(path));
    const assets = sources.filter((path) => !path.endsWith(".ts"));
    expect(results).toEqual(expect.arrayContaining(scripts.map((path) => path.replace(/\.ts$/, ".js"))));
    const expected = assets.map((path) => [path, readFileSync(join(ROOT, folder, "src", path), "utf8")]);
    const found = assets
      .filter((path) => results.includes(path))
      .map((path) => [path, readFileSync(join(ROOT, folder, "dist", path), "utf8")]);
    expect(found).toEqual(expected);
    expect(results.filter((path) => !isCompiled(path) && !assets.includes(path))).toEqual([]);
  });

  it("copies what the compiler does not: migrations and the dashboard's page", () => {
    const copied = members.flatMap(({ folder }) =>
      filesIn(join(folder, "dist")).filter((path) => /\.(?:sql|html|css)$/.test(path)),
    );
    for (const ending of [".sql", ".html", ".css"]) {
      expect(copied.some((path) => path.endsWith(ending))).toBe(true);
    }
  });

  it("runs under plain Node: store, worker and heartbeat thread come from dist", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-build-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { code, output } = await run(process.execPath, [DIST_PROCESS, join(folder, "jobs.db")], folder);
    expect({ code, output }).toEqual({ code: 0, output: expect.any(String) });
    const [report = "", ...rest] = output.trim().split("\n");
    expect(rest).toEqual([]);
    expect(JSON.parse(report)).toEqual({
      entry: expect.stringMatching(/packages\/queue-core\/dist\/index\.js$/),
      status: "completed",
      attempts: 1,
      result: "beaten for",
    });
  });
});
