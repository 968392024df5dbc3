import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "@holdfast/queue-core";
import type { EnvironmentOf } from "../process/environment.ts";
import type { paymentVariables } from "../process/variables.ts";
import type { ShopStore } from "../shop.ts";
import { createHttpGateway } from "./http-gateway.ts";
import type { PaymentGateway } from "./payment-gateway.ts";
import { createSimulatedGateway } from "./simulated-gateway.ts";

/** The variables that decide how payments are made. */
export type PaymentEnvironment = Pick<
  EnvironmentOf<typeof paymentVariables>,
  "PAYMENT_URL" | "SIM_PAYMENT_MS"
>;

/**
 * Charges through `PAYMENT_URL` if that is set; otherwise payments are simulated.
 * @param store where the simulated gateway remembers its charges
 */
export function createPaymentGateway(
  environment: PaymentEnvironment,
  store: ShopStore,
  clock: Clock = systemClock,
): PaymentGateway {
  const { PAYMENT_URL: baseUrl, SIM_PAYMENT_MS: delayMs } = environment;
  if (baseUrl !== undefined) return createHttpGateway({ baseUrl });
  return createSimulatedGateway({ store, clock, delayMs, newChargeId: () => `ch-${randomUUID()}` });
}
