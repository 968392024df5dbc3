import type { ChargeOutcome, ChargeRecord } from "../payment/payment-gateway.ts";
import type { OrderStatus, PaymentStatus } from "../shop-tables.ts";

/** How a payment ended, as the gateway said when it was asked to charge or asked about it later. */
export type PaymentOutcome = ChargeOutcome | ChargeRecord;

/** A minute: no charge is still on its way then, since the gateway is given ten seconds to answer. */
export const CHARGE_GRACE_MS = 60_000;
/**
 * Five minutes: the job of a worker that died while charging runs again once its lease of half a minute is over, also
 * if all workers had to be started anew, and charges with the same key.
 */
export const JOB_CHARGE_GRACE_MS = 5 * 60_000;
/** An order that waits for `process_order` this long is given up: its customer has gone, and holds stock. */
export const QUEUED_GRACE_MS = 60 * 60_000;
/** A given-up payment is looked at once more, in case the request was held up somewhere and arrived after all. */
const SECOND_LOOK_MS = 60 * 60_000;

/** The states in which an order's payment is undecided, and its stock reserved for it. */
export const UNDECIDED = ["pending", "payment_unknown"] as const satisfies readonly OrderStatus[];

interface Settlement {
  readonly order: OrderStatus;
  readonly intent: PaymentStatus;
}

/** What each outcome makes of an undecided order. */
export const SETTLEMENTS: Readonly<Record<PaymentOutcome["kind"], Settlement>> = {
  succeeded: { order: "paid", intent: "succeeded" },
  declined: { order: "payment_failed", intent: "declined" },
  unavailable: { order: "cancelled", intent: "abandoned" },
  none: { order: "cancelled", intent: "abandoned" },
  unknown: { order: "payment_unknown", intent: "unknown" },
};

/**
 * When the reconciler is to look at a payment next, or null if nothing can change any more.
 * @param kind what was learnt about it now
 * @param checks how often it was looked at before
 */
export function nextCheckMs(kind: PaymentOutcome["kind"], nowMs: number, checks: number): number | null {
  if (kind === "none") return nowMs + SECOND_LOOK_MS;
  if (kind !== "unknown") return null;
  // 1, 2, 4, … minutes up to an hour: prompt after a short outage, bearable for the gateway after a long one.
  return nowMs + Math.min(CHARGE_GRACE_MS * 2 ** checks, 60 * 60_000);
}
