/** What the shop asks a gateway to take from a customer. */
export interface ChargeRequest {
  /** Charging twice with one key charges once and gives the same outcome. */
  readonly key: string;
  /** Whole cents. */
  readonly amountCents: number;
  /** ISO 4217, e.g. `USD`. */
  readonly currency: string;
  /** Stands for the customer's means of payment. */
  readonly token: string;
  /** Stops waiting; the charge may have been made. */
  readonly signal?: AbortSignal;
}

interface Charged {
  readonly kind: "succeeded";
  readonly chargeId: string;
}

interface Declined {
  readonly kind: "declined";
  readonly reason: string;
}

/** Whether it happened is not known: ask again with the same key. */
interface Unknown {
  readonly kind: "unknown";
  readonly reason: string;
}

/** How a charge ended. `unavailable`: certainly nothing was charged. */
export type ChargeOutcome =
  | Charged
  | Declined
  | Unknown
  | { readonly kind: "unavailable"; readonly reason: string };

/** What the gateway knows of a key. `none`: it never saw a charge with it. */
export type ChargeRecord = Charged | Declined | Unknown | { readonly kind: "none" };

/**
 * Takes customers' money. Failures of the gateway are outcomes, not exceptions, because each of them has its own
 * consequence for the order.
 */
export interface PaymentGateway {
  charge(request: ChargeRequest): Promise<ChargeOutcome>;
  /** Looks up what a charge with this key has come to; changes nothing. */
  find(key: string, signal?: AbortSignal): Promise<ChargeRecord>;
  /** Gives back what a charge with this key took, once however often it is asked; false if that is not certain yet. */
  refund(key: string, signal?: AbortSignal): Promise<boolean>;
}
