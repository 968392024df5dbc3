// Prints the closing line of .ci/run, `N passed, N failed[, N skipped]`, from vitest's JSON report and from how the
// tests and the gate exited; exits with 1 if anything failed. Runs on the machine's own Node, version 20.
//   node .ci/totals.js <report.json> <exit code of the tests> <exit code of the gate>
import { readFileSync } from "node:fs";

const [reportPath = "", testStatus, checkStatus] = process.argv.slice(2);

/** The report, or one of no tests if the run ended before it was written. */
function readReport() {
  try {
    return JSON.parse(readFileSync(reportPath, "utf8"));
  } catch (error) {
    console.error(`The tests left no report: ${error.message}`);
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };
  }
}

const report = readReport();
const isFailed = ({ status }) => status === "failed";
// A file that couldn't be loaded, or whose set-up failed, has no failed test of its own: it counts as one.
const brokenFiles = report.testResults.filter(
  (file) => isFailed(file) && !file.assertionResults.some(isFailed),
);
const passed = report.numPassedTests;
const skipped = report.numPendingTests + report.numTodoTests;
let failed = report.numFailedTests + brokenFiles.length;
// A crash, an unhandled rejection or a run without tests fails the command without failing a test. The line must
// never read as a pass then, so the command itself counts.
if (failed === 0 && (testStatus !== "0" || passed === 0)) failed = 1;
if (checkStatus !== "0") failed += 1;

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed > 0 ? 1 : 0;
