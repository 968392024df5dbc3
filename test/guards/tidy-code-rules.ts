// The rules of the tidy test that need a syntax tree: a pattern over text can't tell a call from a comment.
import { type Argument, type Comment, type Expression, parseSync, type Span, Visitor } from "oxc-parser";
import { isCode, lineAt } from "../../scripts/check-files.ts";
import { type TidyRule, tidyRule } from "./tidy-rules.ts";

type Callee = Expression | { readonly type: "Super" };

/** `it.concurrent.skip` → ["it", "concurrent", "skip"]; calls in between are passed through, as in `it.skipIf(x)`. */
function namesIn(callee: Callee): string[] {
  if (callee.type === "Identifier") return [callee.name];
  if (callee.type === "CallExpression") return namesIn(callee.callee);
  if (callee.type === "MemberExpression" && !callee.computed)
    return [...namesIn(callee.object), callee.property.name];
  return [];
}

/** The text of a string or template literal; what a template inserts is left out. */
function textOf(node: Argument | undefined): string | undefined {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral") return node.quasis.map(({ value }) => value.cooked).join("…");
  return undefined;
}

const DECLARERS = new Set(["bench", "describe", "it", "suite", "test"]);
const OMITTERS = new Set(["runIf", "skip", "skipIf", "todo"]);
const MAKERS = new Set(["each", "for", "runIf", "skipIf"]);
const isTest = (path: string): boolean => isCode(path) && /(?:^|\/)test\//.test(path);

/**
 * A skipped test must print its reason: `it.skip("… (skipped: no such engine)")` in its title, `context.skip("…")` as
 * its last argument. Without one, an omission reads as a pass.
 */
const skip: TidyRule = tidyRule("skip", isTest, ({ path, text }) => {
  const findings: { line: number; message: string }[] = [];
  const report = (start: number, message: string): number =>
    findings.push({ line: lineAt(text, start), message });
  new Visitor({
    CallExpression(node) {
      const names = namesIn(node.callee);
      const last = names.at(-1) ?? "";
      if (DECLARERS.has(names[0] ?? "")) {
        // Of `it.skipIf(condition)(title, …)` only the outer call has the title.
        const isOuter = node.callee.type === "CallExpression" || !MAKERS.has(last);
        const hasReason = /\(skipped\b.*\w.*\)/.test(textOf(node.arguments[0]) ?? "");
        if (isOuter && names.some((name) => OMITTERS.has(name)) && !hasReason) {
          report(node.start, 'a skipped test\'s title ends in "(skipped …: reason)"');
        }
      } else if (last === "skip" && !textOf(node.arguments.at(-1))?.trim()) {
        report(node.start, "skip takes a reason as its last argument");
      }
    },
  }).visit(parseSync(path, text).program);
  return findings;
});

const isArgued = (block: Span, comments: readonly Comment[]): boolean =>
  comments.some(({ start, end, value }) => start > block.start && end < block.end && /\w/.test(value));

/** An error may be left alone only with a comment that says why nothing is lost. */
const emptyCatch: TidyRule = tidyRule("empty-catch", isCode, ({ path, text }) => {
  const { program, comments } = parseSync(path, text);
  const findings: { line: number; message: string }[] = [];
  const check = (block: Span & { readonly body: readonly unknown[] }): void => {
    if (block.body.length > 0 || isArgued(block, comments)) return;
    findings.push({ line: lineAt(text, block.start), message: "an error is swallowed without saying why" });
  };
  new Visitor({
    CatchClause: (node) => check(node.body),
    CallExpression(node) {
      const [first] = node.arguments;
      const isFunction = first?.type === "ArrowFunctionExpression" || first?.type === "FunctionExpression";
      const isCatch = node.callee.type === "MemberExpression" && namesIn(node.callee).at(-1) === "catch";
      if (isCatch && isFunction && first.body?.type === "BlockStatement") check(first.body);
    },
  }).visit(program);
  return findings;
});

/** The rules that read a file's syntax tree. */
export const CODE_RULES: readonly TidyRule[] = [skip, emptyCatch];
