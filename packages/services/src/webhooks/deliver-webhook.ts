import type { Shop, ShopTransaction } from "../shop.ts";
import { postWebhook } from "./post-webhook.ts";
import { isPublicAddress } from "./public-address.ts";
import { recordFailure, recordSuccess } from "./record-delivery.ts";
import { signWebhook } from "./sign-webhook.ts";
import { WebhookAddressRefusedError, WebhookFailedError, WebhookNotFoundError } from "./webhook-errors.ts";
import type { WebhookPolicy } from "./webhook-url.ts";

/** What the job that delivers has to say about its run; a job's context has all of it. */
export interface DeliveryRun {
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly signal: AbortSignal;
  once<Result>(step: string, work: () => Promise<Result>): Promise<Result>;
  onCommit(effect: (tx: ShopTransaction) => Promise<void>): void;
}

export interface DeliveryOptions {
  readonly policy: WebhookPolicy;
  /** How long a receiver may take, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number;
}

/**
 * How a delivery ended that needs no other attempt. `gone`: the receiver answered 410 and gets nothing any more.
 * `inactive`: its endpoint was removed in the meantime.
 */
export type DeliveryEnd = "delivered" | "gone" | "inactive";

type Target = Awaited<ReturnType<typeof readTarget>>;

/** RFC 9110, section 15.5.11: the receiver is gone, and likely for good. */
const GONE = 410;

/**
 * Sends one event to one endpoint and keeps the delivery log: success is recorded with the job's completion, a failure
 * at once. The event id is the same at every attempt, so a repeat after a crash does no harm.
 * @param deliveryId a row of `webhook_deliveries`
 * @throws {WebhookFailedError} if another attempt may succeed
 * @throws {WebhookAddressRefusedError | WebhookNotFoundError} if none can
 */
export async function deliverWebhook(
  shop: Pick<Shop, "store" | "clock">,
  deliveryId: string,
  run: DeliveryRun,
  options: DeliveryOptions,
): Promise<DeliveryEnd> {
  const target = await readTarget(shop, deliveryId);
  if (target.status === "delivered") return "delivered";
  if (target.is_active === 0) {
    await recordFailure(shop, target, {
      status: "failed",
      statusCode: null,
      error: "its endpoint was removed",
    });
    return "inactive";
  }
  try {
    const statusCode = await run.once("post", () => post(shop, target, run.signal, options));
    run.onCommit((tx) => recordSuccess(tx, shop, target, statusCode));
    return "delivered";
  } catch (error) {
    const failure = error instanceof WebhookFailedError ? error : null;
    const refused = error instanceof WebhookAddressRefusedError ? error : null;
    if (!failure && !refused) throw error;
    const isGone = failure?.statusCode === GONE;
    const isLast = refused !== null || isGone || run.attempt >= run.maxAttempts;
    await recordFailure(shop, target, {
      status: isLast ? "failed" : "pending",
      statusCode: failure?.statusCode ?? null,
      error: (failure ?? refused)?.message ?? "",
      deactivate: isGone,
    });
    if (isGone) return "gone";
    throw error;
  }
}

async function readTarget({ store }: Pick<Shop, "store">, deliveryId: string) {
  const target = await store.read
    .selectFrom("webhook_deliveries as delivery")
    .innerJoin("webhook_endpoints as endpoint", "endpoint.id", "delivery.endpoint_id")
    .select([
      "delivery.id",
      "delivery.endpoint_id",
      "delivery.event_id",
      "delivery.body",
      "delivery.status",
      "endpoint.url",
      "endpoint.is_active",
      "endpoint.secret",
      "endpoint.previous_secret",
      "endpoint.previous_secret_until",
    ])
    .where("delivery.id", "=", deliveryId)
    .executeTakeFirst();
  if (!target) throw new WebhookNotFoundError("delivery", deliveryId);
  return target;
}

/** @returns the status of a receiver that took it */
async function post(
  { clock }: Pick<Shop, "clock">,
  target: Target,
  signal: AbortSignal,
  { policy, timeoutMs = 10_000 }: DeliveryOptions,
): Promise<number> {
  const nowMs = clock.now();
  const { secret, previous_secret: previous, previous_secret_until: untilMs } = target;
  const secrets = previous !== null && untilMs !== null && nowMs < untilMs ? [secret, previous] : [secret];
  const { statusCode, excerpt } = await postWebhook({
    url: target.url,
    headers: {
      "content-type": "application/json",
      "user-agent": "Holdfast-Webhooks/1",
      ...signWebhook({ id: target.event_id, body: target.body }, new Date(nowMs), secrets),
    },
    body: target.body,
    timeoutMs,
    mayConnect: policy.allowPrivate ? () => true : isPublicAddress,
    signal,
  });
  if (statusCode >= 200 && statusCode < 300) return statusCode;
  const said = excerpt === "" ? "" : `: ${excerpt.slice(0, 200)}`;
  throw new WebhookFailedError(`it answered ${statusCode}${said}`, statusCode);
}
