import { z } from "zod";
import { type OutsideAnswer, requestOutside } from "../outside-request.ts";
import type { ChargeOutcome, ChargeRecord, PaymentGateway } from "./payment-gateway.ts";

export interface HttpGatewayOptions {
  /** Where the gateway's API starts. */
  readonly baseUrl: string;
  /** For each request, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number;
}

const charge = z.discriminatedUnion("status", [
  z.object({ status: z.literal("succeeded"), id: z.string().min(1) }),
  z.object({ status: z.literal("declined"), reason: z.string().optional() }),
]);
const noCharge = z.object({ status: z.literal("none") });
const refund = z.object({ status: z.literal("refunded") });

/** Far below the minute after which the reconciler looks at a charge that nobody has settled. */
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * A payment gateway over HTTP with JSON:
 * - `POST <base>/charges` with `Idempotency-Key` and `{ amountCents, currency, token }` answers
 *   `{ status: "succeeded", id }`, or 402 or 200 with `{ status: "declined", reason? }`;
 * - `GET <base>/charges/<key>` answers the same, or 404 with `{ status: "none" }`;
 * - `POST <base>/charges/<key>/refund` answers `{ status: "refunded" }`.
 */
export function createHttpGateway({
  baseUrl,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: HttpGatewayOptions): PaymentGateway {
  const base = `${baseUrl.replace(/\/+$/, "")}/charges`;
  const at = (key: string, verb = ""): URL => new URL(`${base}/${encodeURIComponent(key)}${verb}`);
  return {
    async charge({ key, amountCents, currency, token, signal }) {
      const body = { amountCents, currency, token };
      const url = new URL(base);
      return readCharge(
        await requestOutside({ method: "POST", url, body, idempotencyKey: key, timeoutMs, signal }),
      );
    },
    async find(key, signal) {
      return readRecord(await requestOutside({ method: "GET", url: at(key), timeoutMs, signal }));
    },
    async refund(key, signal) {
      const url = at(key, "/refund");
      const answer = await requestOutside({
        method: "POST",
        url,
        idempotencyKey: `${key}-refund`,
        timeoutMs,
        signal,
      });
      return answer.kind === "answered" && answer.status < 300 && refund.safeParse(answer.body).success;
    },
  };
}

function readCharge(answer: OutsideAnswer): ChargeOutcome {
  if (answer.kind === "unsent") return { kind: "unavailable", reason: describe(answer.error) };
  if (answer.kind === "lost") return { kind: "unknown", reason: describe(answer.error) };
  const { status } = answer;
  const known = readBody(answer);
  if (known) return known;
  if (status === 402) return { kind: "declined", reason: "declined by the gateway" };
  const reason = `the gateway answered ${status}`;
  // 408, 409 and 425 are about another request with this key that may still succeed (RFC 9110 section 15.5, RFC 8470).
  const wasRefused = status >= 400 && status < 500 && ![408, 409, 425].includes(status);
  return { kind: wasRefused ? "unavailable" : "unknown", reason };
}

function readRecord(answer: OutsideAnswer): ChargeRecord {
  if (answer.kind !== "answered") return { kind: "unknown", reason: describe(answer.error) };
  const known = readBody(answer);
  if (known) return known;
  // The status alone doesn't count: a wrong address answers 404 too, and would have paid orders cancelled.
  if (answer.status === 404 && noCharge.safeParse(answer.body).success) return { kind: "none" };
  return { kind: "unknown", reason: `the gateway answered ${answer.status}` };
}

function readBody({ status, body }: { readonly status: number; readonly body: unknown }) {
  const { data } = charge.safeParse(body);
  if (data?.status === "succeeded" && status >= 200 && status < 300) {
    return { kind: "succeeded", chargeId: data.id } as const;
  }
  if (data?.status === "declined" && (status === 402 || (status >= 200 && status < 300))) {
    return { kind: "declined", reason: data.reason ?? "declined by the gateway" } as const;
  }
  return undefined;
}

/** `fetch failed` says nothing; its cause does. */
function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
