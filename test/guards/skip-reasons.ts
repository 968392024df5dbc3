import type { Reporter, TestModule } from "vitest/node";

/**
 * A vitest reporter that names every skipped test with its reason. The default reporter gives only their number when
 * a file passes, and an omission without a reason reads as a pass.
 */
export const skipReasons: Reporter = {
  onTestRunEnd(modules: readonly TestModule[]) {
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const { note } = { note: undefined, ...test.result() };
        console.log(` ↓ ${module.relativeModuleId} > ${test.fullName}${note ? ` [${note}]` : ""}`);
      }
    }
  },
};
