import Database from "better-sqlite3";
import { QueueError, StoreBusyError, StoreUnavailableError } from "../../src/errors.ts";
import { createQueue, type Queue } from "../../src/queue.ts";
import type { JobStore } from "../../src/store.ts";
import { type NoteTables, OLDER_JOBS, SIMULATED_JOBS } from "./job-types.ts";
import type { Operation } from "./operation.ts";
import { ProcessKilledError, SimulatedConnection } from "./simulated-connection.ts";
import type { World } from "./world.ts";

/** Verbs that commit more than once: what they had done when an error came stays done. */
const IN_PARTS = new Set<Operation["kind"]>(["rescue", "promote", "expire", "prune", "reviveMany"]);

export type Performed<Result> =
  | { readonly done: true; readonly result: Result }
  | { readonly done: false; readonly error: unknown };

/** One process on the database: a store with its memory, and what it is about. */
export class SimulatedProcess {
  readonly name: string;
  readonly connection: SimulatedConnection;
  readonly store: JobStore<NoteTables>;
  readonly queue: Queue<typeof SIMULATED_JOBS, NoteTables>;
  readonly #world: World;
  readonly #operations = new Set<Operation>();

  /** Whether it is of the older deploy. */
  readonly isOlder: boolean;

  constructor(world: World, name: string, isOlder: boolean) {
    this.#world = world;
    this.name = name;
    this.isOlder = isOlder;
    const random = (): number => world.choices.random();
    const connections: SimulatedConnection[] = [];
    this.store = world.memory.openStore<NoteTables>({
      clock: world.clock,
      random,
      connect: (shared) => {
        const connection = new SimulatedConnection(shared, {
          isAsking: () => this.#operations.size > 0,
          onCommit: () => world.auditor.afterCommit([...this.#operations]),
        });
        connections.push(connection);
        return connection;
      },
    });
    const [connection] = connections;
    if (!connection) throw new Error("The store opened no connection");
    this.connection = connection;
    // The same types, with the same payloads: only their versions differ.
    const jobs = (isOlder ? OLDER_JOBS : SIMULATED_JOBS) as typeof SIMULATED_JOBS;
    this.queue = createQueue({ store: this.store, jobs, clock: world.clock, random });
  }

  get isAlive(): boolean {
    return !this.connection.isDead;
  }

  /** Asks something of the store; errors that the queue or a fault throws on purpose are an answer too. */
  async perform<Result>(operation: Operation, ask: () => Promise<Result>): Promise<Performed<Result>> {
    this.#operations.add(operation);
    try {
      return { done: true, result: await ask() };
    } catch (error) {
      this.#judge(error, operation);
      return { done: false, error };
    } finally {
      this.#operations.delete(operation);
    }
  }

  #judge(error: unknown, operation: Operation): void {
    if (error instanceof ProcessKilledError) return;
    const { auditor } = this.#world;
    const isOut = error instanceof StoreBusyError || error instanceof StoreUnavailableError;
    // Of several that would end one run a commit may be credited to the one that failed in another.
    const isTold = operation.kind !== "finish" || !auditor.isContested(operation.leaseToken);
    if (isOut && isTold && !IN_PARTS.has(operation.kind) && auditor.effectsOf(operation).length > 0)
      auditor.fail(`${operation.kind} failed with ${error.code}, but was committed`);
    // A read meets a fault as SQLite words it.
    const isExpected =
      error instanceof QueueError || (error instanceof Database.SqliteError && isSimulated(error));
    if (!isExpected)
      auditor.fail(`${operation.kind} failed: ${error instanceof Error ? error.stack : String(error)}`);
  }
}

function isSimulated({ message }: Error): boolean {
  return message === "simulated" || message === "database is locked";
}
