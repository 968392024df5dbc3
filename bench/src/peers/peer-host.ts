import { join } from "node:path";
import type { Bench } from "../bar.ts";
import { type Program, startProgram } from "../run-program.ts";
import { PEERS, type Peer, type Server } from "./peers.ts";

/** A peer whose server runs. */
export interface ReadyPeer extends Peer {
  /** An empty place for its jobs: a file's path or a server's address. Earlier ones of its server may be gone. */
  readonly place: () => Promise<string>;
}

/** How the start of a server came out. */
type Started =
  | { readonly version: string; readonly program: Program }
  | { readonly version?: never; readonly reason: string };

/** Starts the peers' servers when they are first asked for, and ends them. */
export class PeerHost implements AsyncDisposable {
  readonly #bench: Pick<Bench, "folder" | "say">;
  readonly #servers = new Map<Server, Promise<Started>>();
  #ready: Promise<readonly ReadyPeer[]> | undefined;
  readonly #skipped: string[] = [];

  constructor(bench: Pick<Bench, "folder" | "say">) {
    this.#bench = bench;
  }

  /** Those that could be started. */
  async ready(): Promise<readonly ReadyPeer[]> {
    this.#ready ??= this.#startAll();
    return await this.#ready;
  }

  /** Whether any bar has needed them. */
  get isAsked(): boolean {
    return this.#ready !== undefined;
  }

  /** A line for each that could not be started, with the reason. */
  get skipped(): readonly string[] {
    return this.#skipped;
  }

  /** The servers that run, by name, with their versions. */
  async versions(): Promise<Readonly<Record<string, string>>> {
    const versions: Record<string, string> = {};
    for (const [name, started] of this.#servers) {
      const { version } = await started;
      if (version !== undefined) versions[name === "redis" ? "Redis" : "PostgreSQL"] = version;
    }
    return versions;
  }

  async #startAll(): Promise<readonly ReadyPeer[]> {
    const ready: ReadyPeer[] = [];
    for (const peer of PEERS) {
      if (peer.server === "none") {
        ready.push({ ...peer, place: async () => join(this.#bench.folder(), "bench.db") });
        continue;
      }
      const started = await this.#start(peer.server);
      if (started.version === undefined) this.#skip(peer, started.reason);
      else ready.push({ ...peer, place: () => freshPlace(started.program) });
    }
    return ready;
  }

  #skip({ name }: Peer, reason: string): void {
    const line = `SKIPPED ${name}: ${reason}`;
    this.#skipped.push(line);
    this.#bench.say(line);
  }

  #start(server: Server): Promise<Started> {
    const running = this.#servers.get(server);
    if (running) return running;
    this.#bench.say(`starting ${server} …`);
    const started = startServer(server, this.#bench.folder());
    this.#servers.set(server, started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = await Promise.allSettled(this.#servers.values());
    await Promise.all(
      servers.map(async (settled) => {
        if (settled.status === "fulfilled" && settled.value.version !== undefined) {
          await settled.value.program.close();
        }
      }),
    );
  }
}

async function startServer(server: Server, folder: string): Promise<Started> {
  const program = startProgram(`${server}-server`, { folder }, { ownsServer: true });
  const answer = await program.next<{ version: string } | { version?: never; reason: string }>();
  if (answer.version !== undefined) return { version: answer.version, program };
  await program.close();
  return answer;
}

async function freshPlace(program: Program): Promise<string> {
  program.send({ fresh: true });
  return (await program.next<{ place: string }>()).place;
}
