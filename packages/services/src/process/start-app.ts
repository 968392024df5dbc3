import { StoreRefusedError } from "@holdfast/queue-core";
import { EnvironmentInvalidError } from "./environment-invalid-error.ts";
import { PortUnavailableError } from "./port-unavailable-error.ts";

/** What an operator can mend, and so needs no stack for. */
const REFUSALS = [EnvironmentInvalidError, PortUnavailableError, StoreRefusedError];

/**
 * Runs an app's `main`. When it cannot start because of something an operator can mend, the message is printed without
 * a stack and the process exits with 1; any other error is thrown.
 */
export async function startApp(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Error) || !REFUSALS.some((refusal) => error instanceof refusal)) throw error;
    console.error(error.message);
    // Not `exitCode`: whatever was opened before the error must not keep a process that isn't there for anyone.
    process.exit(1);
  }
}
