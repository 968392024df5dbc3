// `pnpm test:faults`: runs the fault tests at full size, one file after another, and writes what they saw into
// docs/reliability.md. A failed test leaves the table as it was. A new fault test joins by lying in one of these places
// and calling `reportFigures` (test/fault-figures.ts, or its twin in packages/queue-core/test).
import { spawnSync } from "node:child_process";
import { globSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type FigureRow, rowsOf, type TestReport, updateTable } from "./fault-report.ts";
import { describeMachine } from "./test-machine.ts";

const PLACES = [
  "test/kill/**/*.test.ts",
  "test/faults/**/*.test.ts",
  "test/system/{api-killed,crash-and-stop}.test.ts",
  "packages/queue-core/test/worker/poison.test.ts",
  "packages/queue-core/test/worker/faults/**/*.test.ts",
  "packages/queue-core/test/simulation/**/*.test.ts",
  "packages/queue-core/test/*/faults/**/*.test.ts",
];
const DOCUMENT = "docs/reliability.md";

const HELP = `Runs the fault tests at full size and writes what they saw into ${DOCUMENT}.

  pnpm test:faults                 all of them; takes the better part of an hour
  pnpm test:faults --only <name>   only the test files with this in their path; may be given several times
  pnpm test:faults --list          names the test files
  pnpm test:faults --help

A test prints the seed of its faults; HOLDFAST_SEED=<seed> repeats them.
`;

/** Runs one file; returns its rows, or null if a test in it failed. */
function run(file: string, day: string): FigureRow[] | null {
  using folder = mkdtempDisposableSync(join(tmpdir(), "holdfast-faults-"));
  const output = join(folder.path, "report.json");
  const reporters = ["--reporter=verbose", "--reporter=json", `--outputFile.json=${output}`];
  const { status } = spawnSync("vitest", ["run", resolve(file), ...reporters], {
    env: { ...process.env, HOLDFAST_FAULTS: "full" },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) return null;
  const report = JSON.parse(readFileSync(output, "utf8")) as TestReport;
  return report.success ? rowsOf(report, process.cwd(), day) : null;
}

/** Runs the files and writes the table; returns false if it could not. */
function runAll(files: readonly string[], isPart: boolean): boolean {
  const day = new Date().toISOString().slice(0, 10);
  const rows: FigureRow[] = [];
  const failed: string[] = [];
  for (const [index, file] of files.entries()) {
    console.log(`[${index + 1}/${files.length}] ${file}`);
    const seen = run(file, day);
    if (seen === null) failed.push(file);
    else if (seen.length === 0) console.warn(`${file} reported no figures: it has no row in the table`);
    rows.push(...(seen ?? []));
  }
  console.log(rows.map(({ line }) => line).join("\n"));
  if (failed.length > 0) {
    console.error(`✗ failed, so ${DOCUMENT} is left as it was: ${failed.join(", ")}`);
    return false;
  }
  const isReplaced = (test: string): boolean => !isPart || files.includes(test);
  const text = updateTable(readFileSync(DOCUMENT, "utf8"), describeMachine(), rows, isReplaced);
  writeFileSync(DOCUMENT, text);
  console.log(`✓ ${rows.length} rows written into ${DOCUMENT}`);
  return true;
}

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    list: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});
const all = globSync(PLACES).toSorted();
const files = values.only ? all.filter((file) => values.only?.some((name) => file.includes(name))) : all;
if (values.help) {
  console.log(HELP);
} else if (values.list) {
  console.log(files.join("\n"));
} else if (files.length === 0) {
  console.error(`No fault test has ${values.only?.join(" or ")} in its path; --list names them`);
  process.exitCode = 2;
} else {
  process.exitCode = runAll(files, values.only !== undefined) ? 0 : 1;
}
