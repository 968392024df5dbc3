/** @import { DeadLetterFilter } from "./state.js" */

/** What a reason is called. */
export const REASONS = {
  attempts_exhausted: "out of attempts",
  not_retryable: "not retryable",
  invalid_payload: "invalid payload",
  undecryptable_payload: "cannot be decrypted",
  worker_died: "its worker died",
  expired: "nobody took it in time",
};

/**
 * The filter as the server takes it; what is not filtered by is left out.
 * @param {DeadLetterFilter} filter
 */
export function asBody({ type, reason, search, from, until, onlyUnreviewed }) {
  return {
    ...(type !== "" && { type }),
    ...(reason !== "" && { reason }),
    ...(search !== "" && { search }),
    ...(from !== "" && { failedFrom: new Date(from).toISOString() }),
    ...(until !== "" && { failedBefore: new Date(until).toISOString() }),
    ...(onlyUnreviewed && { reviewed: false }),
  };
}

/**
 * @param {DeadLetterFilter} filter
 * @returns {Record<string, string>}
 */
export function asQuery(filter) {
  return Object.fromEntries(Object.entries(asBody(filter)).map(([name, value]) => [name, String(value)]));
}

/**
 * The filter in words: "unreviewed dead letters of type a".
 * @param {DeadLetterFilter} filter
 */
export function inWords({ type, reason, search, from, until, onlyUnreviewed }) {
  const words = [
    `${onlyUnreviewed ? "unreviewed " : ""}dead letters`,
    type === "" ? "" : ` of type ${type}`,
    reason === "" ? "" : `, reason ${reason.replaceAll("_", " ")}`,
    search === "" ? "" : `, whose error says “${search}”`,
    from === "" ? "" : `, given up from ${from.replace("T", " ")} on`,
    until === "" ? "" : `, given up before ${until.replace("T", " ")}`,
  ];
  return words.join("");
}
