/** A server that takes longer than this counts as not answering, in milliseconds. */
const ANSWER_MS = 8_000;
/** The same where it goes through very many rows. */
export const LONG_ANSWER_MS = 300_000;

const LOGGED_OUT =
  "you are no longer logged in: log in in another tab, and go on here with what you have typed";

/** An answer that is not a success, or none at all. */
export class RequestFailedError extends Error {
  code = "REQUEST_FAILED";

  /**
   * @param {string} message
   * @param {readonly { readonly field: string, readonly message: string }[]} details what is wrong, field by field
   * @param {ErrorOptions & { readonly status?: number }} [options] of the answer, if there was one
   */
  constructor(message, details = [], options = {}) {
    super(message, options);
    this.name = "RequestFailedError";
    this.details = details;
    this.status = options.status;
  }
}

/**
 * Reads JSON from the server.
 * @param {string} path
 * @returns {Promise<{ body: any, atMs: number }>} the answer, and the server's clock when it answered
 */
export async function read(path) {
  const response = await ask(path, {});
  return { body: await response.json(), atMs: Date.parse(response.headers.get("date") ?? "") };
}

/**
 * Asks the server for a change.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {number} [answerMs]
 * @returns {Promise<any>} its answer; null if that is empty
 */
export async function change(method, path, body, answerMs = ANSWER_MS) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await ask(path, { method, ...init }, answerMs);
  return response.status === 204 ? null : await response.json();
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @param {number} [answerMs]
 */
async function ask(path, init, answerMs = ANSWER_MS) {
  let response;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(answerMs) });
  } catch (cause) {
    throw new RequestFailedError("the server does not answer", [], { cause });
  }
  if (response.ok) return response;
  if (response.status === 401) {
    if (isTyping()) throw new RequestFailedError(LOGGED_OUT, [], { status: 401 });
    location.assign("/login");
  }
  const { error } = await response.json().catch(() => ({ error: { message: `HTTP ${response.status}` } }));
  throw new RequestFailedError(error.message, error.details, { status: response.status });
}

/** Whether going to another page would lose what the reader has typed. */
function isTyping() {
  const fields = document.querySelectorAll("main textarea, dialog input, dialog textarea");
  return [...fields].some(
    (field) =>
      (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) &&
      field.value !== field.defaultValue,
  );
}
