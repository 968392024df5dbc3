import { isIP } from "node:net";
import type { EnvironmentOf } from "../process/environment.ts";
import type { processVariables, webhookVariables } from "../process/variables.ts";
import { isPublicAddress } from "./public-address.ts";
import { WebhookUrlRefusedError } from "./webhook-errors.ts";

/** What receivers the shop talks to. */
export interface WebhookPolicy {
  readonly requireHttps: boolean;
  /** Receivers in private networks and on this machine; for development and tests. */
  readonly allowPrivate: boolean;
}

/** The variables that decide it. */
export type WebhookEnvironment = Pick<
  EnvironmentOf<typeof processVariables & typeof webhookVariables>,
  "NODE_ENV" | "WEBHOOK_ALLOW_PRIVATE"
>;

/** HTTPS in production; private addresses only if `WEBHOOK_ALLOW_PRIVATE` says so. */
export function webhookPolicy(environment: WebhookEnvironment): WebhookPolicy {
  return {
    requireHttps: environment.NODE_ENV === "production",
    allowPrivate: environment.WEBHOOK_ALLOW_PRIVATE,
  };
}

const LONGEST_URL = 2_048;

/**
 * Checks a URL that somebody wants webhooks sent to. What its name resolves to is checked at each delivery, since it
 * can change.
 * @returns the URL as it will be requested: normalised, without its fragment
 * @throws {WebhookUrlRefusedError} saying what is wrong with it
 */
export function checkWebhookUrl(text: string, policy: WebhookPolicy): string {
  const url = text.length <= LONGEST_URL ? URL.parse(text) : null;
  if (!url)
    throw new WebhookUrlRefusedError(`it must be an absolute URL of at most ${LONGEST_URL} characters`);
  const protocols = policy.requireHttps ? ["https:"] : ["https:", "http:"];
  if (!protocols.includes(url.protocol)) {
    throw new WebhookUrlRefusedError(
      `it must start with ${protocols.map((name) => `${name}//`).join(" or ")}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new WebhookUrlRefusedError(
      "it must not hold a user name or password; verify the signature instead",
    );
  }
  const address = addressIn(url);
  if (address !== null && !policy.allowPrivate && !isPublicAddress(address)) {
    throw new WebhookUrlRefusedError("its address is not one of the public internet");
  }
  url.hash = "";
  return url.href;
}

/**
 * The IP address that a URL names itself, or null if it names a host. `new URL` has already turned every notation of
 * one (decimal, hexadecimal, octal, short, full-width digits) into the usual one.
 */
export function addressIn(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? null : host;
}
