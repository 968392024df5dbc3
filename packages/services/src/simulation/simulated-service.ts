import { setTimeout } from "node:timers/promises";
import { SimulatedFailureError } from "./simulated-failure-error.ts";

/** How an outside service behaves that is only simulated. */
export interface Simulation {
  /** Named in the error, e.g. `e-mail`. */
  readonly service: string;
  /** How long each call takes, in milliseconds. */
  readonly delayMs: number;
  /** Share of the calls that fail, from 0 to 1. */
  readonly failureRate: number;
  /** Decides which calls fail: numbers in [0, 1). */
  readonly random: () => number;
}

/**
 * Waits as long as the real service would, then fails as often as it would.
 * @param simulation its figures
 * @param signal ends the wait at once
 * @throws {SimulatedFailureError} for the share of calls that fail
 */
export async function simulateCall(simulation: Simulation, signal: AbortSignal): Promise<void> {
  await setTimeout(simulation.delayMs, undefined, { signal });
  if (simulation.random() < simulation.failureRate) throw new SimulatedFailureError(simulation.service);
}
