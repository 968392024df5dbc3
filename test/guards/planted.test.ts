// A guard that can't fail is worse than none: each rule of the gate is broken once in a sample workspace, and the
// gate's own commands must name exactly what was planted, no less and no more.
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHECK_STEPS } from "../../scripts/check-steps.ts";
import { PLANTS } from "./planted-violations.ts";
import { createSampleWorkspace, type SampleWorkspace } from "./sample-workspace.ts";

interface Verdict {
  readonly path: string;
  readonly rule: string;
}

/** Collects `pattern`'s named groups `path` and `rule` over the whole output. */
function matchesOf(output: string, pattern: RegExp): Verdict[] {
  return [...output.matchAll(pattern)].map(({ groups }) => ({
    path: groups?.path ?? "",
    rule: groups?.rule ?? "",
  }));
}

/** knip's JSON report: one entry per file, with a list per kind of issue. */
interface KnipReport {
  readonly issues: readonly ({ readonly file: string } & Readonly<Record<string, readonly unknown[]>>)[];
}

function knipVerdicts(output: string): Verdict[] {
  const report: KnipReport = JSON.parse(output);
  return report.issues.flatMap(({ file, ...kinds }) =>
    Object.entries(kinds).flatMap(([rule, issues]) => issues.map(() => ({ path: file, rule }))),
  );
}

const OWN_CHECKER = /^(?<path>\S+):\d+ (?<rule>[\w-]+): /gm;

/** How to read each guard's output; `extra` asks it for a report that is made for reading. */
const READERS: Readonly<
  Record<string, { extra?: readonly string[]; read: (output: string) => readonly Verdict[] }>
> = {
  format: { read: (output) => matchesOf(output, /^(?<path>[^\s:]+)(?::\d+:\d+)? (?<rule>\S+) .*━$/gm) },
  workspace: {
    read: (output) => matchesOf(output, /found in \.\/(?<path>\S+):\n+ ⨯ error .* (?<rule>[\w-]+)$/gm),
  },
  imports: { read: (output) => matchesOf(output, OWN_CHECKER) },
  clock: { read: (output) => matchesOf(output, OWN_CHECKER) },
  lint: {
    extra: ["--format=unix"],
    read: (output) => matchesOf(output, /^(?<path>[^:\s]+):\d+:\d+: .*\[Error\/(?<rule>\S+)\]$/gm),
  },
  types: { read: (output) => matchesOf(output, /^(?<path>\S+)\(\d+,\d+\): error (?<rule>TS\d+):/gm) },
  unused: { extra: ["--reporter=json"], read: knipVerdicts },
};

const inOrder = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map(({ path, rule }) => `${path} ${rule}`).sort();

let sample: SampleWorkspace;
beforeAll(() => {
  sample = createSampleWorkspace();
});
afterAll(() => sample[Symbol.dispose]());

describe("the gate", () => {
  it("passes a workspace without violations, and shows each guard it ran", () => {
    const gate = sample.runGate();
    expect(gate.output).toContain(`✓ all ${CHECK_STEPS.length} guards passed`);
    for (const { name } of CHECK_STEPS)
      expect(gate.output).toMatch(new RegExp(`^✓ ${name} +\\d+\\.\\d s`, "m"));
    expect(gate.status).toBe(0);
  });

  it("goes on after a failed guard, names those that failed and exits with 1", () => {
    const planted = { "packages/http/src/clock-reader.ts": "export const a = Date.now()\n" };
    const gate = sample.withFiles(planted, () => sample.runGate("format", "workspace", "clock"));
    expect(gate.output).toMatch(/^✗ format .*\n[^]*clock-reader\.ts[^]*^✓ workspace .*\n✗ clock /m);
    expect(gate.output).toMatch(/^✗ failed: format, clock$/m);
    expect(gate.status).toBe(1);
  });

  it("refuses the name of a guard that it doesn't have", () => {
    const gate = sample.runGate("formatt");
    expect(gate.output).toContain("No such guard: formatt");
    expect(gate.status).toBe(2);
  });
});

describe("each guard of the gate", () => {
  it.each(CHECK_STEPS)("$name names the planted violations and nothing else", ({ name }) => {
    const plants = PLANTS[name] ?? [];
    const reader = READERS[name];
    expect(plants, `nothing is planted for ${name}`).not.toHaveLength(0);
    const files = Object.assign({}, ...plants.map((plant) => ({ [plant.path]: plant.text, ...plant.with })));
    const run = sample.withFiles(files, () => sample.runGuard(name, ...(reader?.extra ?? [])));
    expect(inOrder(reader?.read(run.output) ?? []), run.output).toEqual(inOrder(plants));
    expect(run.status).not.toBe(0);
  });

  it("has a planted violation for every lint rule that the configuration names", () => {
    const text = readFileSync(new URL("../../.oxlintrc.json", import.meta.url), "utf8");
    const { rules }: { rules: Record<string, unknown> } = JSON.parse(text);
    const named = Object.keys(rules)
      .filter((rule) => rules[rule] !== "off")
      .map((rule) => rule.replace(/^(\w+)\/(.+)$/, "$1($2)"));
    expect(PLANTS.lint?.map(({ rule }) => rule)).toEqual(expect.arrayContaining(named));
  });

  it.each(["imports", "clock"])("%s fails where there is nothing to check", (name) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), "holdfast-empty-"));
    const script = join(import.meta.dirname, `../../scripts/check-${name}.ts`);
    const run = spawnSync(process.execPath, [script], { cwd: folder.path, encoding: "utf8" });
    expect(run.stdout).toContain(`${name}: 0 files`);
    expect(run.status).toBe(1);
  });
});
