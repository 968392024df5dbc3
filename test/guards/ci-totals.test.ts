// .ci/run's closing line, made from the reports of real vitest runs under this repository's own configuration.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "../..");
const vitest = join(repository, "node_modules/vitest/vitest.mjs");

const IMPORTS = 'import { beforeAll, describe, expect, it } from "vitest";\n';
const PASSING = `${IMPORTS}it("passes", () => expect(1).toBe(1));\nit("passes too", () => expect(1).toBe(1));\n`;
const FAILING = `${IMPORTS}it("fails", () => expect(1).toBe(2));\n`;
const SKIPPED = `${IMPORTS}it("is skipped", (context) => context.skip("no such engine"));\n`;
const BROKEN_SETUP = `${IMPORTS}beforeAll(() => { throw new Error("no database"); });\nit("never runs", () => {});\n`;
const UNLOADABLE = 'import "./missing.ts";\n';
const UNHANDLED = `${PASSING}void Promise.reject(new Error("dropped"));\n`;

/** Runs the test files and then the closing line, as .ci/run does. */
function closeRunOf(tests: readonly string[], checkStatus = "0") {
  using folder = mkdtempDisposableSync(join(tmpdir(), "holdfast-totals-"));
  const report = join(folder.path, "report.json");
  mkdirSync(join(folder.path, "test"));
  symlinkSync(join(repository, "node_modules"), join(folder.path, "node_modules"));
  for (const [index, text] of tests.entries())
    writeFileSync(join(folder.path, `test/${index}.test.ts`), text);
  const config = join(repository, "vitest.config.ts");
  const env = { ...process.env, HOLDFAST_TEST_REPORT: report };
  const run = spawnSync(process.execPath, [vitest, "run", "--root", folder.path, "--config", config], {
    env,
    encoding: "utf8",
  });
  return { output: run.stdout, ...totalsOf(report, String(run.status), checkStatus) };
}

/** The closing line for a report and the exit codes of the tests and the gate. */
function totalsOf(report: string, testStatus: string, checkStatus: string) {
  const script = join(repository, ".ci/totals.js");
  const run = spawnSync(process.execPath, [script, report, testStatus, checkStatus], { encoding: "utf8" });
  return { lines: run.stdout, status: run.status };
}

describe("the closing line of CI", () => {
  it("counts tests that passed, failed and were skipped", () => {
    const { lines, status } = closeRunOf([PASSING, FAILING, SKIPPED]);
    expect(lines).toBe("2 passed, 1 failed, 1 skipped\n");
    expect(status).toBe(1);
  });

  it("is a pass when all tests and the gate pass", () => {
    const { lines, status } = closeRunOf([PASSING]);
    expect(lines).toBe("2 passed, 0 failed\n");
    expect(status).toBe(0);
  });

  it("counts a file that can't be loaded and a failed set-up as a failure each", () => {
    const { lines, status } = closeRunOf([PASSING, UNLOADABLE, BROKEN_SETUP]);
    expect(lines).toBe("2 passed, 2 failed, 1 skipped\n");
    expect(status).toBe(1);
  });

  it("counts a run that fails without a failed test", () => {
    const { lines, status } = closeRunOf([UNHANDLED]);
    expect(lines).toBe("2 passed, 1 failed\n");
    expect(status).toBe(1);
  });

  it("counts a failed gate", () => {
    const { lines, status } = closeRunOf([PASSING], "1");
    expect(lines).toBe("2 passed, 1 failed\n");
    expect(status).toBe(1);
  });

  it("is a failure when the tests left no report, whatever they exited with", () => {
    const missing = join(tmpdir(), "holdfast-no-such-report.json");
    for (const testStatus of ["0", "134"]) {
      expect(totalsOf(missing, testStatus, "0")).toEqual({ lines: "0 passed, 1 failed\n", status: 1 });
    }
  });
});

describe("the runner", () => {
  it("names a skipped test with its reason, though its file passed", () => {
    expect(closeRunOf([SKIPPED]).output).toContain("test/0.test.ts > is skipped [no such engine]");
  });
});
