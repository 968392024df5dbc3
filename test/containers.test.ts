// What holds for docker-compose.yml without an engine; test/containers/engine.test.ts runs it in one.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as services from "@holdfast/services/process";
import { describe, expect, it } from "vitest";
import { listPaths } from "../scripts/check-files.ts";
import { ROOT, readComposeFile, readText } from "./containers/compose-file.ts";

const compose = readComposeFile();
const composeServices = Object.entries(compose.services);

/** The groups of variables that the apps pick from, by the name they are exported under. */
const GROUPS = new Map(
  Object.entries(services).flatMap(([name, value]) =>
    name.endsWith("Variables") && typeof value === "object" ? [[name, Object.keys(value)] as const] : [],
  ),
);

describe("docker-compose.yml", () => {
  it("runs each app from its compiled entry, all built alike", () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(readdirSync(join(ROOT, "apps")).toSorted());
    for (const [name, service] of composeServices) {
      expect(service.command).toEqual(["node", `apps/${name}/dist/main.js`]);
      expect(service.build).toBe(".");
      // Builders that run at the same time fail when two of them write one name.
      expect(service.image).toBeUndefined();
    }
  });

  it("keeps everything on one named volume and binds no folder of the host", () => {
    expect(Object.keys(compose.volumes)).toEqual(["data"]);
    for (const [, { volumes }] of composeServices) expect(volumes).toEqual(["data:/data"]);
  });

  it("publishes the two servers to this machine alone, under the ports they listen on", () => {
    const published = composeServices.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ["api", `127.0.0.1:${compose.services.api?.environment.API_PORT}:\${API_PORT:-3000}`],
      ["admin", `127.0.0.1:${compose.services.admin?.environment.ADMIN_PORT}:\${ADMIN_PORT:-3001}`],
    ]);
  });

  it("names no container, so that a service can be scaled", () => {
    for (const [, service] of composeServices) expect(service.container_name).toBeUndefined();
  });

  it("gives a worker longer to stop than it gives its jobs", () => {
    const unset = { variables: {}, file: null };
    const { WORKER_SHUTDOWN_MS } = services.readEnvironment(services.workerVariables, unset);
    for (const [, { stop_grace_period }] of composeServices) expect(stop_grace_period).toBe("35s");
    expect(WORKER_SHUTDOWN_MS).toBeLessThan(35_000);
  });

  it("forwards signals and restarts what crashed", () => {
    for (const [, { init, restart }] of composeServices)
      expect({ init, restart }).toEqual({ init: true, restart: "unless-stopped" });
  });

  it("has only the top-level keys that compose 1.29 and 2 both take", () => {
    const keys = readText("docker-compose.yml").match(/^[\w-]+(?=:)/gm) ?? [];
    expect(keys.filter((key) => !key.startsWith("x-"))).toEqual(["services", "volumes"]);
  });
});

describe("the variables of a service", () => {
  /** Not passed on: the first three are set by the image, where the volume is. */
  const LEFT_OUT: Readonly<Record<string, string>> = {
    DATABASE_URL: "lies on the volume",
    DATA_DIR: "lies on the volume",
    INVOICE_DIR: "lies on the volume",
    ALLOW_SIMULATED: "the demo runs in development mode",
    ALLOW_NETWORK_FS: "a named volume is a local file system",
    WORKER_SHUTDOWN_MS: "must stay below stop_grace_period, which takes no variable",
  };

  /** Of each group that the sources of an app name outside their imports: all, or the one in `group.NAME`. */
  function variablesReadBy(app: string): string[] {
    const isSource = (path: string): boolean => path.startsWith(`apps/${app}/src/`) && path.endsWith(".ts");
    const code = listPaths(ROOT)
      .filter(isSource)
      .map(readText)
      .join("\n")
      .replaceAll(/^import [^;]*;/gm, "");
    const named = [...code.matchAll(/\b([a-z]+Variables)\b(?:\.([A-Z_]+))?/g)];
    const read = named.flatMap(([, group = "", one]) => (one ? [one] : (GROUPS.get(group) ?? [])));
    return [...new Set([...read, ...Object.keys(services.processVariables)])];
  }

  it.each(composeServices)("of %s are those that the app reads", (name, { environment }) => {
    const wanted = variablesReadBy(name).filter((variable) => !(variable in LEFT_OUT));
    expect(Object.keys(environment).toSorted()).toEqual(wanted.toSorted());
  });

  it("are taken from the host under their own names and may all be unset there", () => {
    const values = composeServices.flatMap(([, { environment }]) => Object.entries(environment));
    const taken = values.filter(([, value]) => String(value).includes("$"));
    expect(taken.length).toBeGreaterThan(20);
    for (const [name, value] of taken) expect(value).toMatch(new RegExp(`^\\$\\{${name}:-\\d*\\}$`));
  });

  it("leave the demo in development mode, whatever the host's shell says", () => {
    for (const [, { environment }] of composeServices) expect(environment.NODE_ENV).toBe("development");
  });
});

describe("docs/containers.md", () => {
  it("names compiled files that the build makes", () => {
    const named = [
      ...readText("docs/containers.md").matchAll(/\b((?:packages|apps)\/[\w-]+)\/dist\/([\w/-]+)\.js\b/g),
    ];
    const sources = named.map(([, member, file]) => `${member}/src/${file}.ts`);
    expect(sources).toContain("packages/services/src/database/restore.ts");
    expect(sources.filter((source) => !listPaths(ROOT).includes(source))).toEqual([]);
  });
});
