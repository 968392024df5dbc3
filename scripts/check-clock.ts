// Only a `clock.ts` reads the time: everything else is handed a clock, so that tests decide what time it is.
import { type Expression, parseSync, Visitor } from "oxc-parser";
import { type Fault, isCode, lineAt, readTextFiles, reportFaults, type TextFile } from "./check-files.ts";

const READERS: ReadonlyMap<string, string> = new Map([
  ["Date", "now"],
  ["performance", "now"],
  ["process", "hrtime"],
]);

const isSource = (path: string): boolean => /^(?:packages|apps)\/[^/]+\/src\//.test(path) && isCode(path);
const isClock = (path: string): boolean => path.endsWith("/clock.ts");

/** `Date` and `globalThis.Date` are both called "Date"; any other expression has no name. */
function nameOf(node: Expression | { type: "Super" }): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression" && !node.computed) return node.property.name;
  return undefined;
}

/** Finds each place where a source file other than a `clock.ts` reads the time. */
export function clockFaults({ path, text }: TextFile): Fault[] {
  if (!isSource(path) || isClock(path)) return [];
  const faults: Fault[] = [];
  const report = (start: number, reader: string): void => {
    const message = `${reader} reads the time; take a clock as a parameter (only clock.ts files read it)`;
    faults.push({ rule: "clock", path, line: lineAt(text, start), message });
  };
  new Visitor({
    MemberExpression(node) {
      const owner = nameOf(node.object);
      const member = nameOf(node);
      if (owner !== undefined && member !== undefined && READERS.get(owner) === member) {
        report(node.start, `${owner}.${member}`);
      }
    },
    NewExpression(node) {
      if (nameOf(node.callee) === "Date" && node.arguments.length === 0) report(node.start, "new Date()");
    },
    CallExpression(node) {
      if (node.callee.type === "Identifier" && node.callee.name === "Date") report(node.start, "Date()");
    },
  }).visit(parseSync(path, text).program);
  return faults;
}

if (import.meta.main) {
  const files = readTextFiles(process.cwd(), isSource);
  reportFaults("clock", files.length, files.flatMap(clockFaults));
}
