import { lookup } from "node:dns";
import type { IncomingMessage } from "node:http";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { WebhookAddressRefusedError, WebhookFailedError } from "./webhook-errors.ts";
import { addressIn } from "./webhook-url.ts";

/** A request to a receiver whom nobody vouches for. */
export interface WebhookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For the whole exchange, name resolution included, in milliseconds. */
  readonly timeoutMs: number;
  /** Which addresses may be connected to. */
  readonly mayConnect: (address: string) => boolean;
  readonly signal: AbortSignal;
  /** The machine's resolver by default. */
  readonly resolve?: typeof lookup;
}

/** What the receiver answered. */
export interface WebhookAnswer {
  readonly statusCode: number;
  /** The beginning of the answer's body. */
  readonly excerpt: string;
}

/** Enough to see what a receiver complains of; the rest is not read. */
const MOST_ANSWER_BYTES = 1_024;

/**
 * Posts to a URL that somebody else chose, without letting it reach into our network: names are resolved once, every
 * address checked, and only checked ones connected to, so that a name which changes in between gains nothing.
 * Redirects are not followed, no proxy is used, no connection is kept, and little of the answer is read.
 * @throws {WebhookAddressRefusedError} if the host is, or resolves to, an address that is not public
 * @throws {WebhookFailedError} if there was no answer within the time
 */
export async function postWebhook(post: WebhookPost): Promise<WebhookAnswer> {
  const url = new URL(post.url);
  const address = addressIn(url);
  // A host that is an address is never looked up, so the guard in `lookup` would not see it.
  if (address !== null && !post.mayConnect(address)) {
    throw new WebhookAddressRefusedError(url.hostname);
  }
  const timeout = AbortSignal.timeout(post.timeoutMs);
  const signal = AbortSignal.any([post.signal, timeout]);
  try {
    const response = await send(url, post, signal);
    return { statusCode: response.statusCode ?? 0, excerpt: await readExcerpt(response) };
  } catch (error) {
    post.signal.throwIfAborted();
    if (error instanceof WebhookAddressRefusedError) throw error;
    const reason = timeout.aborted ? `no answer within ${post.timeoutMs} ms` : describe(error);
    throw new WebhookFailedError(reason, null, { cause: error });
  }
}

function send(url: URL, post: WebhookPost, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const length = String(Buffer.byteLength(post.body));
  return new Promise((resolve, reject) => {
    request(url, {
      method: "POST",
      headers: { ...post.headers, "content-length": length },
      agent: false,
      signal,
      lookup: guardedLookup(post),
    })
      .on("response", resolve)
      .on("upgrade", (response, socket) => {
        // A receiver that switches protocols has answered something else than a webhook is.
        socket.destroy();
        resolve(response);
      })
      .on("error", reject)
      .end(post.body);
  });
}

/** Resolves a name once, and fails if any of its addresses is refused: one among several is an attack too. */
function guardedLookup({ mayConnect, resolve = lookup }: WebhookPost): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error || !first) return callback(error ?? new Error(`${hostname} has no address`), "");
      if (!addresses.every(({ address }) => mayConnect(address))) {
        return callback(new WebhookAddressRefusedError(hostname), "");
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}

/** The status alone decides, so whatever goes wrong after it ends the reading and nothing else. */
async function readExcerpt(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MOST_ANSWER_BYTES) break;
    }
  } catch {
    // Cut off, or too slow: what has arrived is what there is.
  }
  response.destroy();
  const text = Buffer.concat(chunks).subarray(0, MOST_ANSWER_BYTES).toString();
  return text.replace(/[\p{Cc}\ufffd]+/gu, " ").trim();
}

function describe(error: unknown): string {
  // With several addresses Node reports one error that holds the others and says nothing itself.
  if (error instanceof AggregateError) return error.errors.map(describe).join("; ");
  return error instanceof Error ? error.message : String(error);
}
