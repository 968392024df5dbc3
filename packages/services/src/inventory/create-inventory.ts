import type { EnvironmentOf } from "../process/environment.ts";
import type { inventoryVariables } from "../process/variables.ts";
import { simulateCall } from "../simulation/simulated-service.ts";
import { createHttpInventory } from "./http-inventory.ts";
import type { Inventory } from "./inventory.ts";

/** The variables that decide where the stock is kept. */
export type InventoryEnvironment = Pick<
  EnvironmentOf<typeof inventoryVariables>,
  "INVENTORY_URL" | "SIM_INVENTORY_MS"
> & { readonly NODE_ENV: EnvironmentOf<Record<never, never>>["NODE_ENV"] };

/**
 * Tells the service at `INVENTORY_URL` if that is set. Without it the shop's own table is all there is, and nobody has
 * to be told; outside production that takes as long as asking somebody would.
 */
export function createInventory(environment: InventoryEnvironment): Inventory {
  const { INVENTORY_URL: baseUrl, SIM_INVENTORY_MS, NODE_ENV } = environment;
  if (baseUrl !== undefined) return createHttpInventory({ baseUrl });
  const delayMs = NODE_ENV === "production" ? 0 : SIM_INVENTORY_MS;
  const simulation = { service: "inventory", delayMs, failureRate: 0, random: Math.random };
  return { withdraw: ({ signal }) => simulateCall(simulation, signal) };
}
