import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { skipReasons } from "./test/guards/skip-reasons.ts";

const reportPath = process.env.HOLDFAST_TEST_REPORT;

export default defineConfig({
  // Packages are tested from their TypeScript sources; `dist` is covered by test/build.test.ts.
  ssr: { resolve: { conditions: ["source", "module", "node", "development|production"] } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "bench/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    // The default leaves a core to the reporter, which with two cores is half of them: most of our tests wait for
    // processes and deadlines, and two files at a time take nine minutes there in place of sixteen.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // .ci/run counts the tests in this report.
    reporters: reportPath
      ? [skipReasons, "default", ["json", { outputFile: reportPath }]]
      : [skipReasons, "default"],
  },
});
