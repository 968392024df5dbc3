import type { Caller } from "./access/api-keys.ts";

/** What the gate found out about a request. */
export interface ApiLocals extends Record<string, unknown> {
  readonly caller: Caller | undefined;
}

/** Whose request it is. Handlers get their locals untyped; the gate has run before each of them. */
export function callerIn(locals: Readonly<Record<string, unknown>>): Caller {
  if (typeof locals.caller === "string") return locals.caller;
  throw new TypeError("The request did not pass the gate");
}
