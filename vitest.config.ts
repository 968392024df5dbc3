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
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // .ci/run counts the tests in this report.
    reporters: reportPath
      ? [skipReasons, "default", ["json", { outputFile: reportPath }]]
      : [skipReasons, "default"],
  },
});
