import { BodyRefusedError } from "./body-errors.ts";

/** Our deepest body has three levels. */
const MAX_DEPTH = 20;

/** An object or array that is not closed yet; arrays have no keys. */
interface Open {
  readonly keys: Set<string> | null;
  /** The string read last, until it turns out to be a key. */
  last: string;
}

/**
 * Refuses JSON that means different things to different readers or cannot be stored: a key twice in one object, the key
 * `__proto__`, nesting without end, NUL and half surrogate pairs (RFC 8259 sections 4, 8.2 and 9).
 * @param text valid JSON: `JSON.parse` has accepted it
 * @throws {BodyRefusedError} saying which
 */
export function checkJson(text: string): void {
  const open: Open[] = [];
  for (let at = 0; at < text.length; at++) {
    const inner = open.at(-1);
    switch (text[at]) {
      case "{":
      case "[":
        if (open.length === MAX_DEPTH) refuse(`It is nested more than ${MAX_DEPTH} levels deep`);
        open.push({ keys: text[at] === "{" ? new Set() : null, last: "" });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case '"': {
        const end = endOfString(text, at);
        const value = checkString(text.slice(at, end));
        if (inner) inner.last = value;
        at = end - 1;
        break;
      }
      case ":":
        // Outside strings a colon stands after a key and nowhere else.
        if (inner?.keys) addKey(inner.keys, inner.last);
        break;
      default:
    }
  }
}

/** @returns the index behind the closing quote */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** @returns the string that a JSON literal stands for; two spellings of one key are one key */
function checkString(literal: string): string {
  if (!literal.includes("\\u")) return literal.includes("\\") ? JSON.parse(literal) : literal.slice(1, -1);
  const value: string = JSON.parse(literal);
  if (value.includes("\0")) refuse("It holds a NUL character");
  if (!value.isWellFormed()) refuse("It holds half a surrogate pair");
  return value;
}

function addKey(keys: Set<string>, key: string): void {
  const shown = JSON.stringify(key.slice(0, 64));
  if (key === "__proto__") refuse(`It holds the key ${shown}`);
  if (keys.has(key)) refuse(`It holds the key ${shown} twice in one object`);
  keys.add(key);
}

function refuse(reason: string): never {
  throw new BodyRefusedError(reason);
}
