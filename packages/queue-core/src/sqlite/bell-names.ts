import { createHash, randomBytes } from "node:crypto";
import { ANY_TYPE } from "./made-claimable.ts";

/** A file name holds at most 255 bytes; a worker of more lines than fit answers to every bell. */
const LONGEST_NAME = 200;
const EVERY_TYPE = "every";

const marks = new Map<string, string>();

/** Lines may be called anything; a file may not. Two with one mark cost a look in vain. */
function markOf(line: string): string {
  let mark = marks.get(line);
  if (mark === undefined) {
    mark = createHash("sha256").update(line).digest("hex").slice(0, 8);
    marks.set(line, mark);
  }
  return mark;
}

/** A name that no other bell has, and that says for which lines it is to be rung. */
export function bellName(lines: readonly string[]): string {
  const own = randomBytes(6).toString("hex");
  const name = `${own}~${lines.map(markOf).join(".")}`;
  return name.length <= LONGEST_NAME ? name : `${own}~${EVERY_TYPE}`;
}

/** Whether the worker whose bell this is takes jobs of this line. */
export function answersTo(name: string, line: string): boolean {
  const lines = name.slice(name.indexOf("~") + 1);
  return line === ANY_TYPE || lines === EVERY_TYPE || lines.split(".").includes(markOf(line));
}
