import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { ROOT } from "./compose-file.ts";

/** Read-only, in a process of its own beside the apps, with the SQLite that Node brings. */
const QUERY = `
import { DatabaseSync } from "node:sqlite";
const database = new DatabaseSync("/data/shop.db", { readOnly: true, timeout: 5_000 });
console.log(JSON.stringify(database.prepare(process.argv[1]).all()));
`;

/** What `docker inspect` says of a container's state. */
export interface ContainerState {
  readonly Status: string;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
  readonly Health?: { readonly Status: string };
}

/** The command of compose, version 2 or else 1, or the reason why the containers can't be run here. */
export function findCompose(): { readonly command: readonly string[] } | { readonly missing: string } {
  if (process.env.HOLDFAST_DOCKER !== "1")
    return { missing: "set HOLDFAST_DOCKER=1 to build and run the images" };
  const works = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
  if (!works("docker", "info")) return { missing: "no container engine answers `docker info`" };
  if (works("docker", "compose", "version")) return { command: ["docker", "compose"] };
  if (works("docker-compose", "version")) return { command: ["docker-compose"] };
  return { missing: "neither `docker compose` nor `docker-compose` is installed" };
}

/** The shop in containers under a project name of its own, with its own volume. */
export class ComposeProject {
  readonly #command: readonly string[];
  readonly #name = `holdfast-test-${randomBytes(4).toString("hex")}`;
  readonly #variables: Readonly<Record<string, string>>;

  /** @param variables what docker-compose.yml takes from the host */
  constructor(command: readonly string[], variables: Readonly<Record<string, string>>) {
    this.#command = command;
    this.#variables = variables;
  }

  /** Runs a subcommand of compose and returns what it printed. */
  async compose(...args: string[]): Promise<string> {
    const [program = "", ...first] = this.#command;
    return await this.#run(program, [...first, "--project-name", this.#name, ...args]);
  }

  async docker(...args: string[]): Promise<string> {
    return await this.#run("docker", args);
  }

  /** The ids of a service's containers, also of those that stopped; of all services without a name. */
  async containers(service?: string): Promise<string[]> {
    const label = "label=com.docker.compose";
    const filters = [`${label}.project=${this.#name}`, ...(service ? [`${label}.service=${service}`] : [])];
    const ids = await this.docker("ps", "--all", "--quiet", ...filters.flatMap((by) => ["--filter", by]));
    return ids.split("\n").filter((id) => id !== "");
  }

  async states(service?: string): Promise<ContainerState[]> {
    const ids = await this.containers(service);
    if (ids.length === 0) return [];
    const lines = await this.docker("inspect", "--format", "{{json .State}}", ...ids);
    return lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as ContainerState);
  }

  /** Runs a command in the running container of the API. */
  async execInApi(...command: string[]): Promise<string> {
    return await this.compose("exec", "-T", "api", ...command);
  }

  /** @returns the rows of a SELECT over the database on the volume */
  async rows<Row>(sql: string): Promise<Row[]> {
    const text = await this.execInApi(
      "node",
      "--disable-warning=ExperimentalWarning",
      "--input-type=module",
      "--eval",
      QUERY,
      sql,
    );
    return JSON.parse(text) as Row[];
  }

  /** Removes containers, network, volume and images. */
  async remove(): Promise<void> {
    await this.compose("down", "--volumes", "--rmi", "local", "--timeout", "1");
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    const options = { cwd: ROOT, env: { ...process.env, ...this.#variables }, maxBuffer: 64 * 1024 * 1024 };
    return await new Promise((resolve, reject) => {
      execFile(program, args, options, (cause, stdout, stderr) => {
        if (cause === null) return resolve(stdout);
        // What a build step said goes to the one or the other.
        const said = `${stdout}\n${stderr}`.split("\n").slice(-60).join("\n");
        reject(new Error(`${program} ${args.join(" ")}\n${said}`, { cause }));
      });
    });
  }
}
