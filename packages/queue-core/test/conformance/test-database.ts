import type { Clock } from "../../src/clock.ts";
import type { JobStore } from "../../src/store.ts";

/** The application's own tables, beside the queue's in the same database. */
export interface AppTables {
  readonly note: { readonly id: number; readonly text: string };
}

/** Every row of every table, as the driver reads it. */
export type Dump = Readonly<Record<string, readonly unknown[]>>;

/** What a driver brings to the suite: a database of its own for each test. */
export interface TestDatabase {
  /** Opens a store on this database; each one stands for a process. */
  openStore(clock: Clock): Promise<JobStore<AppTables>>;
  dump(): Promise<Dump>;
  /** Which invariants do not hold, in words; empty if all do. */
  faults(): Promise<readonly string[]>;
  /** Called when all its stores are closed. */
  remove(): Promise<void>;
}

/** Makes a new, empty database. */
export type CreateDatabase = () => Promise<TestDatabase>;
