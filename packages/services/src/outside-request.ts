/** A request to a service outside this machine. */
export interface OutsideRequest {
  readonly method: "GET" | "POST";
  /** A user and password in it are sent as credentials. */
  readonly url: URL;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** The service does a thing once per key, however often it is asked. */
  readonly idempotencyKey?: string;
  /** From the first byte sent to the last byte read, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What became of it. `unsent`: the service never saw it. `lost`: it may have acted on it, but its answer is not known.
 * `body` is undefined if the answer is no JSON.
 */
export type OutsideAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly body: unknown }
  | { readonly kind: "unsent"; readonly error: Error }
  | { readonly kind: "lost"; readonly error: Error };

/** More than any answer we ask for holds; a service gone wrong must not fill our memory. */
const MAX_ANSWER_BYTES = 65_536;

/**
 * Asks an outside service and tells apart what is known to have happened. Whatever is not certain is `lost`: taking a
 * lost charge for one that never was would charge twice.
 */
export async function requestOutside(request: OutsideRequest): Promise<OutsideAnswer> {
  const { method, url, body, idempotencyKey, timeoutMs, signal } = request;
  if (signal?.aborted)
    return { kind: "unsent", error: new Error("Stopped before it was sent", { cause: signal.reason }) };
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(withoutCredentials(url), {
      method,
      headers: {
        accept: "application/json",
        ...credentialsIn(url),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A redirect would send the body, and with it the payment token, to an address nobody configured.
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    return { kind: "answered", status: response.status, body: parseJson(await readBounded(response)) };
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause), { cause });
    return { kind: failedToConnect(error) ? "unsent" : "lost", error };
  }
}

/** `fetch` takes no URL with credentials in it: every charge would be one of which nobody knows what became. */
function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

/** RFC 7617, section 2. */
function credentialsIn({ username, password }: URL): { readonly authorization?: string } {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`The answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An answer that is no JSON says nothing beyond its status.
    return undefined;
  }
}

/** TLS refuses the certificate before any byte of the request is sent. */
const CERTIFICATE_REFUSED = /^(?:CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** Whether the connection was never made. `fetch` wraps the reason in `cause`, and one per address in `errors`. */
function failedToConnect(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(failedToConnect);
  const code = "code" in error ? String(error.code) : "";
  const syscall = "syscall" in error ? error.syscall : undefined;
  if (code === "UND_ERR_CONNECT_TIMEOUT" || CERTIFICATE_REFUSED.test(code)) return true;
  if (syscall === "connect" || syscall === "getaddrinfo") return true;
  return failedToConnect(error.cause);
}
