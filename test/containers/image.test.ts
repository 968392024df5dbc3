import { matchesGlob } from "node:path";
import { invoiceVariables, readEnvironment, storeVariables } from "@holdfast/services/process";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { listPaths } from "../../scripts/check-files.ts";
import { ROOT, readDockerfile, readText } from "./compose-file.ts";

const instructions = readDockerfile();
const lastStage = instructions.slice(instructions.findLastIndex(({ keyword }) => keyword === "FROM"));
const all = (keyword: string): string[] =>
  instructions.filter((instruction) => instruction.keyword === keyword).map(({ rest }) => rest);

describe("the Dockerfile", () => {
  it("builds on the workspace's own major of Node", () => {
    const { catalog }: { catalog: { node: string } } = parse(readText("pnpm-workspace.yaml"));
    const images = all("FROM").map((from) => from.replace(/ AS .*/, ""));
    expect(new Set(images)).toEqual(new Set([`node:${catalog.node.split(".")[0]}-bookworm-slim`]));
  });

  it("installs the workspace's own version of pnpm, from the lockfile as it stands", () => {
    const { devEngines }: { devEngines: { packageManager: { version: string } } } = JSON.parse(
      readText("package.json"),
    );
    const runs = all("RUN").join("\n");
    expect(runs.match(/pnpm@[\d.]+/g)).toEqual([`pnpm@${devEngines.packageManager.version}`]);
    const installs = runs.match(/pnpm install .*/g) ?? [];
    expect(installs).toHaveLength(2);
    for (const install of installs) expect(install).toContain("--frozen-lockfile");
  });

  it("ends as an unprivileged user who owns the volume", () => {
    const steps = lastStage.map(({ keyword, rest }) => `${keyword} ${rest}`);
    const owned = steps.findIndex((step) => /^RUN .*chown node:node \/data$/.test(step));
    expect(owned).toBeGreaterThan(0);
    // What is done to a folder after VOLUME is lost.
    expect(steps.indexOf("VOLUME /data")).toBeGreaterThan(owned);
    expect(steps).toContain("USER node");
    expect(steps.findLast((step) => step.startsWith("USER"))).toBe("USER node");
  });

  it("puts every path on the volume and sets nothing else: no mode, no secret", () => {
    const set = lastStage.filter(({ keyword }) => keyword === "ENV").flatMap(({ rest }) => rest.split(" "));
    const variables = Object.fromEntries(set.map((pair) => pair.split("=", 2) as [string, string]));
    const shape = { ...storeVariables, ...invoiceVariables };
    const elsewhere = "/elsewhere";
    const unset = readEnvironment(shape, { variables: {}, file: null, folder: elsewhere });
    const paths = Object.entries(unset).filter(([, value]) => String(value).startsWith(elsewhere));
    expect(Object.keys(variables).toSorted()).toEqual(paths.map(([name]) => name).toSorted());

    const read = readEnvironment(shape, { variables, file: null, folder: elsewhere });
    expect(read).toMatchObject({
      DATABASE_URL: "/data/shop.db",
      DATA_DIR: "/data",
      INVOICE_DIR: "/data/invoices",
    });
    expect(all("ARG")).toEqual([]);
  });

  it("holds no folder of a workspace, in which relative paths would start", () => {
    const copied = all("RUN").find((run) => run.includes("cp --archive")) ?? "";
    expect(copied).toContain("packages/*/dist");
    expect(copied).not.toContain("pnpm-workspace.yaml");
    expect(lastStage.filter(({ keyword }) => keyword === "COPY")).toEqual([
      { keyword: "COPY", rest: "--from=build /app ./" },
    ]);
  });

  it("uses nothing that only BuildKit reads", () => {
    expect(readText("Dockerfile")).not.toMatch(/^# *syntax|--mount|--parents=|<<[A-Z]|--link/im);
  });
});

describe("the build context", () => {
  const patterns = readText(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));

  /** As Docker reads the file: a path is left out when it, or a folder above it, matches a pattern. */
  function isLeftOut(path: string): boolean {
    const parts = path.split("/");
    const ancestors = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    return ancestors.some((ancestor) => patterns.some((pattern) => matchesGlob(ancestor, pattern)));
  }

  it.each([
    "data/shop.db",
    "data/admin-token",
    "apps/api/data/shop.db-wal",
    ".env",
    ".env.production",
    "apps/api/.env",
    "node_modules/zod/package.json",
    "packages/queue-core/node_modules/pino/package.json",
    "apps/worker/dist/main.js",
    ".git/config",
    ".turbo/cache/a.tar.zst",
  ])("leaves out %s", (path) => {
    expect(isLeftOut(path)).toBe(true);
  });

  it("leaves out no source and nothing that the build reads", () => {
    const needed = listPaths(ROOT).filter((path) => /^(?:packages|apps)\/[^/]+\/(?:src\/|[^/]+$)/.test(path));
    expect(needed.length).toBeGreaterThan(100);
    const others = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "tsconfig.base.json"];
    expect([...needed, ...others, "scripts/copy-assets.ts"].filter(isLeftOut)).toEqual([]);
  });
});
