import { createHash, randomBytes } from "node:crypto";
import { ANY_TYPE } from "./made-claimable.ts";

/** A file name holds at most 255 bytes; a worker of more types than fit answers to every bell. */
const LONGEST_NAME = 200;
const EVERY_TYPE = "every";

const marks = new Map<string, string>();

/** Types may be called anything; a file may not. Two types with one mark cost a look in vain. */
function markOf(type: string): string {
  let mark = marks.get(type);
  if (mark === undefined) {
    mark = createHash("sha256").update(type).digest("hex").slice(0, 8);
    marks.set(type, mark);
  }
  return mark;
}

/** A name that no other bell has, and that says for which types it is to be rung. */
export function bellName(types: readonly string[]): string {
  const own = randomBytes(6).toString("hex");
  const name = `${own}~${types.map(markOf).join(".")}`;
  return name.length <= LONGEST_NAME ? name : `${own}~${EVERY_TYPE}`;
}

/** Whether the worker whose bell this is takes jobs of this type. */
export function answersTo(name: string, type: string): boolean {
  const types = name.slice(name.indexOf("~") + 1);
  return type === ANY_TYPE || types === EVERY_TYPE || types.split(".").includes(markOf(type));
}
