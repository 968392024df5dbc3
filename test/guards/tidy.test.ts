// The tree's own rules, run over every file. The first half tests the rules themselves on planted violations.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTextFiles } from "../../scripts/check-files.ts";
import { CODE_RULES } from "./tidy-code-rules.ts";
import { indexRule, TEXT_RULES, type TidyRule, typeCheckedRule } from "./tidy-rules.ts";

const root = join(import.meta.dirname, "../..");
const files = readTextFiles(root);

/** The sources that packages export: `packages/<name>/` + the "source" condition of each export. */
function packageEntries(): Set<string> {
  interface Manifest {
    readonly exports?: Readonly<Record<string, { readonly source?: string }>>;
  }
  const manifests = files.filter(({ path }) => /^packages\/[^/]+\/package\.json$/.test(path));
  return new Set(
    manifests.flatMap(({ path, text }) => {
      const manifest: Manifest = JSON.parse(text);
      const sources = Object.values(manifest.exports ?? {}).map(({ source }) => source ?? "");
      return sources.map((source) => join(path, "..", source));
    }),
  );
}

function typeCheckedFolders(): string[] {
  const { include }: { include: string[] } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8"));
  return include;
}

const RULES = [
  ...TEXT_RULES,
  ...CODE_RULES,
  indexRule(packageEntries()),
  typeCheckedRule(typeCheckedFolders()),
];

const lines = (count: number): string => "a();\n".repeat(count);
// Put together at run time: this file is tidied too.
const slashed = (...parts: string[]): string => `/${parts.join("/")}`;
const mark = "TO" + "DO";
const record = (...sections: string[]): string =>
  sections.map((section) => `## ${section}\n\nText.\n`).join("\n");
const sections = ["Context", "Decision", "Consequence", "What would reverse it"];

type Sample = readonly [path: string, text: string];

/** For each rule, files that break it and files that come close and keep it. */
const SAMPLES: Readonly<
  Record<string, { readonly broken: readonly Sample[]; readonly kept: readonly Sample[] }>
> = {
  size: {
    broken: [
      ["packages/a/src/b.ts", lines(401)],
      ["apps/a/src/b.sql", lines(401)],
      ["packages/a/src/b.ts", `${lines(200)}// Size: too late to be seen\n${lines(200)}`],
    ],
    kept: [
      ["packages/a/src/b.ts", lines(399)],
      ["packages/a/src/b.ts", `// Size: one state machine\n${lines(500)}`],
      ["packages/a/test/b.test.ts", lines(500)],
    ],
  },
  "file-name": {
    broken: [
      ["packages/a/src/utils.ts", ""],
      ["apps/a/src/helpers/format.ts", ""],
      ["apps/a/src/job-manager.ts", ""],
      ["packages/common/package.json", ""],
    ],
    kept: [
      ["apps/a/src/commonly-bought.ts", ""],
      ["packages/a/src/job.ts", ""],
    ],
  },
  marker: {
    broken: [
      ["a.ts", `// ${mark}: later\n`],
      ["docs/a.md", `Some text, ${mark}.\n`],
    ],
    kept: [["a.ts", `const ${mark}S = "mastodon ${mark.toLowerCase()}";\n`]],
  },
  "machine-path": {
    broken: [
      ["a.md", `cd ${slashed("work", "main")}\n`],
      ["a.ts", `const path = "${slashed("tmp", "a.db")}";\n`],
      ["a.sh", `export HOME=${slashed("root", "")}\n`],
    ],
    kept: [
      ["a.md", `apps${slashed("work", "main")} and https://example.com${slashed("work", "a")}\n`],
      ["a.ts", "const path = join(tmpdir(), name);\n"],
    ],
  },
  "registry-address": {
    broken: [["a.yaml", `url: https://registry.${"npmjs"}.org/pino\n`]],
    kept: [["a.ts", 'import { registry } from "./registry.ts";\n']],
  },
  lockfile: {
    broken: [
      ["pnpm-lock.yaml", "    resolution: {tarball: https://example.com/a.tgz}\n"],
      ["pnpm-lock.yaml", "    resolution: {integrity: sha512-a, tarball: a.tgz}\n"],
    ],
    kept: [
      ["pnpm-lock.yaml", "    deprecated: see https://example.com/why\n"],
      ["pnpm-lock.yaml", "    resolution: {integrity: sha512-a}\n"],
    ],
  },
  "line-length": {
    broken: [
      ["a.ts", `${"é".repeat(121)}\n`],
      ["a.sql", `\n${"a".repeat(121)}`],
    ],
    kept: [
      ["a.ts", `${"é".repeat(120)}\n`],
      ["a.md", `${"a".repeat(121)}\n`],
    ],
  },
  "dependency-version": {
    broken: [
      ["package.json", '{ "dependencies": { "a": "^1.0.0" } }'],
      ["apps/a/package.json", '{ "devDependencies": { "a": "workspace:^" } }'],
    ],
    kept: [["apps/a/package.json", '{ "dependencies": { "a": "catalog:", "b": "workspace:*" } }']],
  },
  "decision-name": {
    broken: [
      ["docs/decisions/guards.md", ""],
      ["docs/decisions/2-guards.md", ""],
      ["docs/decisions/0002-Two Words.md", ""],
    ],
    kept: [["docs/decisions/0002-two-words.md", ""]],
  },
  "decision-sections": {
    broken: [
      ["docs/decisions/0001-a.md", record(...sections.slice(0, 3))],
      ["docs/decisions/0001-a.md", record("Context", "Decisions", "Consequence", "What would reverse it")],
    ],
    kept: [["docs/decisions/0001-a.md", `# A\n\n${record(...sections)}`]],
  },
  skip: {
    broken: [
      ["test/a.test.ts", 'it.skip("claims", () => {});\n'],
      ["test/a.test.ts", 'test.todo("claims");\n'],
      ["apps/a/test/a.test.ts", 'describe.skipIf(none)("claims", () => {});\n'],
      ["test/a.test.ts", 'it.concurrent.skip.each([1])("claims %s", () => {});\n'],
      ["test/a.test.ts", 'it("claims (skipped)", (context) => context.skip());\n'],
      ["test/a.test.ts", 'it("claims", ({ skip }) => skip(none));\n'],
    ],
    kept: [
      ["test/a.test.ts", 'it.skip("claims (skipped: no such engine)", () => {});\n'],
      ["test/a.test.ts", 'describe.skipIf(none)("claims (skipped where there is no engine)", () => {});\n'],
      ["test/a.test.ts", 'it("claims", (context) => context.skip(none, `no ${engine}`));\n'],
      ["test/a.test.ts", '// it.skip("claims")\nit("claims", () => {});\n'],
    ],
  },
  "empty-catch": {
    broken: [
      ["a.ts", "try {\n  run();\n} catch {}\n"],
      ["a.ts", "try {\n  run();\n} catch (error) {\n  // -\n}\n"],
      ["a.ts", "await run().catch(() => {});\n"],
    ],
    kept: [
      ["a.ts", "try {\n  run();\n} catch {\n  // The file is gone, which is what was wanted.\n}\n"],
      ["a.ts", "await run().catch((error) => log(error));\n"],
      ["a.ts", 'const text = "try {} catch {}";\n'],
    ],
  },
  index: {
    broken: [
      ["packages/queue-core/src/worker/index.ts", ""],
      ["apps/api/src/index.ts", ""],
    ],
    kept: [
      ["packages/queue-core/src/index.ts", ""],
      ["apps/admin/src/dashboard/index.html", ""],
    ],
  },
  "type-checked": {
    broken: [
      ["tools/a.ts", ""],
      ["packages/queue-core/bench/a.ts", ""],
    ],
    kept: [
      ["packages/queue-core/src/a/b.ts", ""],
      ["vitest.config.ts", ""],
      ["tools/a.js", ""],
    ],
  },
};

const faultsIn = (rule: TidyRule, [path, text]: Sample): string[] =>
  rule.faultsOf({ path, text }).map((fault) => fault.rule);

describe.each(RULES)("the rule $name", (rule) => {
  const samples = SAMPLES[rule.name] ?? { broken: [], kept: [] };

  it("finds each planted violation, once", () => {
    expect(samples.broken).not.toHaveLength(0);
    for (const sample of samples.broken)
      expect(faultsIn(rule, sample), sample.join("\n")).toEqual([rule.name]);
  });

  it("leaves alone what keeps it", () => {
    expect(samples.kept).not.toHaveLength(0);
    for (const sample of samples.kept) expect(faultsIn(rule, sample), sample.join("\n")).toEqual([]);
  });

  it("holds in this repository", () => {
    const faults = files.flatMap((file) => rule.faultsOf(file));
    expect(faults.map(({ path, line, message }) => `${path}:${line} ${message}`)).toEqual([]);
  });
});

describe("this repository", () => {
  it("is read as a whole", () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["package.json", "pnpm-lock.yaml", ".ci/run", "STYLE.md"]));
  });

  it("gives each decision record a number of its own", () => {
    const records = files.filter(({ path }) => path.startsWith("docs/decisions/"));
    const numbers = records.map(({ path }) => path.slice("docs/decisions/".length).split("-")[0]);
    expect(new Set(numbers).size).toBe(records.length);
  });
});
