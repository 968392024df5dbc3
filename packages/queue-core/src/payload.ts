import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describeError } from "./error-text.ts";
import { PayloadInvalidError, type PayloadIssue, ResultInvalidError } from "./errors.ts";
import { catchStrays } from "./worker/stray-errors.ts";

/** A stored payload is at most this long, in characters of JSON. */
export const MAX_PAYLOAD_LENGTH = 1_048_576;

/**
 * A stored payload is nested at most this deep: the most that SQLite's JSON functions read (JSON_MAX_DEPTH), and far
 * less than the few thousand levels at which `JSON.stringify` fails. A payload at that edge could be stored by one
 * caller and written by no other, so that every list with it in it failed.
 */
export const MAX_PAYLOAD_DEPTH = 1_000;

/**
 * Checks a value against a job type's schema.
 * @returns the schema's output
 * @throws {PayloadInvalidError} with one issue per field
 */
export function parsePayload(type: string, schema: StandardSchemaV1, value: unknown): unknown {
  // For each value: a schema that has answered at once so far may ask somebody else about this one.
  const checked = catchStrays(IGNORED, () => validate(type, schema, value));
  try {
    return readAnswer(type, checked);
  } catch (cause) {
    if (cause instanceof PayloadInvalidError) throw cause;
    const message = `its schema's answer is none of the Standard Schema: ${describeError(cause)}`;
    throw new PayloadInvalidError(type, [{ field: "", message }]);
  }
}

/** Checks many values in one go, which costs less than one by one. */
export function checkTogether<T>(work: () => T): T {
  return catchStrays(IGNORED, work);
}

/** @throws {PayloadInvalidError} if it is not a value, and whatever reading a malformed answer throws */
function readAnswer(type: string, checked: ReturnType<StandardSchemaV1["~standard"]["validate"]>): unknown {
  if (isThenable(checked)) {
    // Nobody waits for it, and zod turns to its asynchronous side when code in a schema throws: it throws there again.
    Promise.resolve(checked).catch(() => undefined);
    throw new PayloadInvalidError(type, [
      { field: "", message: "its schema validates asynchronously, or its own code throws on this value" },
    ]);
  }
  if (checked.issues) throw new PayloadInvalidError(type, checked.issues.map(toIssue));
  return checked.value;
}

/**
 * What an asynchronous schema leaves behind: zod tries its code once before it gives a promise, and drops what that
 * came to. The payload is refused as it is, and no worker is to end for it.
 */
const IGNORED = (): void => undefined;

function isThenable(
  checked: ReturnType<StandardSchemaV1["~standard"]["validate"]>,
): checked is Promise<StandardSchemaV1.Result<unknown>> {
  return "then" in checked && typeof checked.then === "function";
}

/** A schema whose own code throws on a value has not accepted it. */
function validate(
  type: string,
  schema: StandardSchemaV1,
  value: unknown,
): ReturnType<StandardSchemaV1["~standard"]["validate"]> {
  try {
    return schema["~standard"].validate(value);
  } catch (cause) {
    const error = new PayloadInvalidError(type, [
      { field: "", message: `its schema threw: ${describeError(cause)}` },
    ]);
    error.cause = cause;
    throw error;
  }
}

/**
 * Turns a checked value into the JSON that is stored.
 * @throws {PayloadInvalidError} if it is no JSON, too long, nested too deeply, or holds text that not every
 *   database can store (NUL, lone surrogates)
 */
export function serializePayload(type: string, value: unknown): string {
  return serialize(value, (message, cause) => {
    const error = new PayloadInvalidError(type, [{ field: "", message }]);
    if (cause !== undefined) error.cause = cause;
    return error;
  });
}

/**
 * Turns what a run or one of its steps returned into the JSON that is stored.
 * @param of whose result it is, in words
 * @throws {ResultInvalidError} where a payload would be refused
 */
export function serializeResult(of: string, value: unknown): string {
  return serialize(value, (message, cause) => {
    const options = cause === undefined ? {} : { cause };
    return new ResultInvalidError(`The result of ${of} cannot be stored: ${message}`, options);
  });
}

function serialize(value: unknown, toError: (message: string, cause?: unknown) => Error): string {
  const refuse = (message: string, cause?: unknown): never => {
    throw toError(message, cause);
  };
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    refuse("it cannot be written as JSON (a cycle, a BigInt, or nested too deeply)", cause);
  }
  if (json === undefined) return refuse("it cannot be written as JSON (undefined, a function or a symbol)");
  if (json.length > MAX_PAYLOAD_LENGTH)
    refuse(`it is ${json.length} characters long, the most is ${MAX_PAYLOAD_LENGTH}`);
  if (isDeeper(json, MAX_PAYLOAD_DEPTH)) refuse(`it is nested more than ${MAX_PAYLOAD_DEPTH} levels deep`);
  // JSON.stringify escapes both as \uXXXX, so one search finds them; an escaped backslash before the u is no escape.
  if (json.includes("\\u") && /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(json))
    refuse("it holds a NUL character or half a surrogate pair");
  return json;
}

/**
 * What the JSON of a value reads as, without writing and parsing it: a copy, if the value is a plain object of texts,
 * numbers, booleans and null, as most payloads are. Parsing takes six times as long.
 * @returns undefined for any other value
 */
export function copyIfFlat(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return undefined;
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) if (!isPlain(copy[name])) return undefined;
  return Object.getOwnPropertySymbols(copy).length === 0 ? copy : undefined;
}

/** JSON has no negative zero and no infinity, and leaves out what is undefined. */
function isPlain(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === "string" || typeof value === "boolean" || value === null;
}

/** Stands for a stored payload that is no JSON: somebody changed the row by hand. */
export class UnreadablePayload {
  /** As it is stored. */
  readonly text: string;
  readonly problem: string;
  constructor(text: string, problem: string) {
    this.text = text;
    this.problem = problem;
  }
}

/** Reads a stored payload: one that is damaged must harm no job but its own, so it throws nothing. */
export function readPayload(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return new UnreadablePayload(text, describeError(error));
  }
}

/** Reads stored JSON for somebody to look at: what is damaged is shown as the text it is. */
export function readForDisplay(text: string): unknown {
  const value = readPayload(text);
  return value instanceof UnreadablePayload ? value.text : value;
}

/** Whether JSON has more than so many arrays and objects inside one another. */
function isDeeper(json: string, most: number): boolean {
  // Each level has two brackets: a payload of usual size is not looked through.
  if (json.length <= 2 * most) return false;
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (isInText) {
      if (character === "\\") at += 1;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === "]" || character === "}") depth -= 1;
    else if (character === "[" || character === "{") {
      depth += 1;
      if (depth > most) return true;
    }
  }
  return false;
}

function toIssue(issue: StandardSchemaV1.Issue): PayloadIssue {
  const path = issue.path ?? [];
  const field = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return { field, message: issue.message };
}
