import { AsyncLocalStorage } from "node:async_hooks";
import { TransactionMissingError } from "../errors.ts";

/** A transaction callback that is running now, as seen from the code it calls. */
export interface TransactionScope {
  isOpen: boolean;
}

const scopes = new AsyncLocalStorage<TransactionScope>();

/** Runs a callback so that whatever it calls can tell that it stands in a transaction. */
export function runInScope<T>(scope: TransactionScope, work: () => T): T {
  return scopes.run(scope, work);
}

/**
 * Refuses a write that would wait for the very transaction it stands in.
 * @throws {TransactionMissingError}
 */
export function assertOutsideTransaction(): void {
  if (!scopes.getStore()?.isOpen) return;
  throw new TransactionMissingError(
    "This write stands inside a store.transaction callback and would wait for it for ever: " +
      "pass { tx } to enqueue, completeJob or failJob, and use tx.sql for queries",
  );
}
