import Database from "better-sqlite3";
import type { Connection } from "../../src/sqlite/connection.ts";
import { SharedConnection } from "../../src/testing/index.ts";

/** Thrown into what a process was doing when it was killed: nothing of that process runs on. */
export class ProcessKilledError extends Error {}

/** A run whose process was killed since its claim may throw: one with no attempt left reads once more as it begins. */
export function throwUnlessKilled(error: unknown): void {
  if (!(error instanceof ProcessKilledError)) throw error;
}

export const FAULTS = [
  "SQLITE_BUSY",
  "SQLITE_FULL",
  "SQLITE_IOERR_WRITE",
  "kill",
  "kill after commit",
] as const;

/** Something that goes wrong at one statement. */
export interface Fault {
  readonly kind: (typeof FAULTS)[number];
  /** Which statement it strikes, counted from 1, or the next COMMIT. */
  readonly at: number | "COMMIT";
  /** On some errors SQLite rolls back by itself, on others it leaves that to the caller. */
  readonly rollsBack: boolean;
}

/** What a process is about on its connection. */
interface Business {
  /** Whether it is asking something of the store, so that an error has somebody to go to. */
  readonly isAsking: () => boolean;
  readonly onCommit: () => void;
}

/** What one simulated process writes on; it can be made to fail at any statement, and dies with its process. */
export class SimulatedConnection extends SharedConnection {
  readonly #business: Business;
  #fault: Fault | null = null;
  #struck: Fault | null = null;
  #statements = 0;
  #isDead = false;
  /** The database is one for all: a transaction that is open on it may be another process's. */
  #isInTransaction = false;
  /** How many transactions it began. */
  begun = 0;

  constructor(shared: Connection, business: Business) {
    super(shared);
    this.#business = business;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  arm(fault: Fault): void {
    this.#fault = fault;
    this.#statements = 0;
  }

  /** @returns the fault, if it has struck since */
  disarm(): Fault | null {
    const struck = this.#struck;
    this.#fault = null;
    this.#struck = null;
    return struck;
  }

  /** From now on every statement throws; an open transaction is gone, as SQLite sees to when a process dies. */
  kill(): void {
    this.#isDead = true;
    this.#rollBack();
  }

  #rollBack(): void {
    if (!this.#isInTransaction) return;
    this.#isInTransaction = false;
    if (this.database.inTransaction) this.database.exec("ROLLBACK");
  }

  override prepare(sql: string): Database.Statement {
    if (this.#fault && !this.#business.isAsking()) throw new Error(`Nobody would hear of a fault in ${sql}`);
    if (this.#isDead) throw new ProcessKilledError("this process was killed");
    if (this.#fault && sql !== "ROLLBACK") this.#mayStrike(this.#fault, sql);
    const statement = super.prepare(sql);
    if (sql === "BEGIN IMMEDIATE") this.begun += 1;
    return statement;
  }

  override run(sql: string, ...parameters: unknown[]): number {
    const changes = super.run(sql, ...parameters);
    if (sql === "BEGIN IMMEDIATE") this.#isInTransaction = true;
    if (sql === "COMMIT" || sql === "ROLLBACK") this.#isInTransaction = false;
    if (sql === "COMMIT") this.#committed();
    return changes;
  }

  #mayStrike(fault: Fault, sql: string): void {
    this.#statements += 1;
    if (fault.kind === "kill after commit") return;
    if (fault.at === "COMMIT" ? sql !== "COMMIT" : this.#statements < fault.at) return;
    // Once a process has the lock nobody else can be in its way.
    if (fault.kind === "SQLITE_BUSY" && sql !== "BEGIN IMMEDIATE" && sql !== "COMMIT") return;
    this.#strike(fault);
    if (fault.kind === "kill") {
      this.kill();
      throw new ProcessKilledError("this process is killed");
    }
    if (fault.rollsBack && fault.kind !== "SQLITE_BUSY") this.#rollBack();
    throw new Database.SqliteError("simulated", fault.kind);
  }

  #strike(fault: Fault): void {
    this.#struck = fault;
    this.#fault = null;
  }

  #committed(): void {
    this.#business.onCommit();
    if (this.#fault?.kind !== "kill after commit") return;
    this.#strike(this.#fault);
    this.kill();
    throw new ProcessKilledError("this process is killed, but its commit stands");
  }
}
