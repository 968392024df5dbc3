import { setTimeout } from "node:timers/promises";
import type { Clock } from "@holdfast/queue-core";
import type { ShopStore } from "../shop.ts";
import type { ChargeOutcome, PaymentGateway } from "./payment-gateway.ts";

export interface SimulatedGatewayOptions {
  /** Its memory, so that all processes see the same charges and a restart forgets none. */
  readonly store: ShopStore;
  readonly clock: Clock;
  /** How long a charge takes, in milliseconds. */
  readonly delayMs: number;
  /** Makes the id of a charge. */
  readonly newChargeId: () => string;
}

/**
 * Stands in for a payment gateway. `tok_declined` is declined, `tok_error` fails without charging, `tok_timeout`
 * charges and loses its answer; any other token succeeds.
 */
export function createSimulatedGateway(options: SimulatedGatewayOptions): PaymentGateway {
  const { store, clock, delayMs, newChargeId } = options;

  const find: PaymentGateway["find"] = async (key) => {
    const row = await store.read
      .selectFrom("simulated_charges")
      .select(["id", "outcome"])
      .where("idempotency_key", "=", key)
      .executeTakeFirst();
    return row ? outcomeOf(row) : { kind: "none" };
  };

  return {
    find,
    async charge({ key, amountCents, currency, token, signal }): Promise<ChargeOutcome> {
      try {
        if (delayMs > 0) await setTimeout(delayMs, undefined, { signal });
      } catch {
        return { kind: "unavailable", reason: "stopped before it was charged" };
      }
      if (token === "tok_error")
        return { kind: "unavailable", reason: "the simulated gateway is out of order" };
      const earlier = await find(key);
      if (earlier.kind === "succeeded" || earlier.kind === "declined") return earlier;
      const row = {
        idempotency_key: key,
        id: newChargeId(),
        amount_cents: amountCents,
        currency,
        outcome: token === "tok_declined" ? ("declined" as const) : ("succeeded" as const),
        created_at: clock.now(),
      };
      // Two requests with one key may come this far together: the first row counts for both.
      const kept = await store.transaction(
        async ({ sql }) => {
          await sql
            .insertInto("simulated_charges")
            .values(row)
            .onConflict((on) => on.doNothing())
            .execute();
          return await sql
            .selectFrom("simulated_charges")
            .select(["id", "outcome"])
            .where("idempotency_key", "=", key)
            .executeTakeFirstOrThrow();
        },
        { durability: "normal" },
      );
      if (token === "tok_timeout")
        return { kind: "unknown", reason: "the simulated gateway did not answer in time" };
      return outcomeOf(kept);
    },
    async refund(key) {
      const refunded = await store.transaction(
        async ({ sql }) =>
          await sql
            .updateTable("simulated_charges")
            .set({ is_refunded: 1 })
            .where("idempotency_key", "=", key)
            .where("outcome", "=", "succeeded")
            .executeTakeFirst(),
        { durability: "normal" },
      );
      return refunded.numUpdatedRows === 1n;
    },
  };
}

function outcomeOf({ id, outcome }: { readonly id: string; readonly outcome: "succeeded" | "declined" }) {
  return outcome === "succeeded"
    ? ({ kind: "succeeded", chargeId: id } as const)
    : ({ kind: "declined", reason: "declined by the simulated gateway" } as const);
}
