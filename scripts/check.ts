// The gate: runs every guard to the end, says which failed, and exits with 1 if any did. The tests aren't run
// again here. `pnpm check lint types` runs only the named guards.
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { CHECK_STEPS, type CheckStep } from "./check-steps.ts";

const root = process.cwd();
const env = { ...process.env, PATH: [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter) };

/** Runs one guard and prints its verdict; its output is shown only when it failed. */
function passes({ name, command: [program, ...args] }: CheckStep): boolean {
  const startedAt = performance.now();
  const run = spawnSync(program, args, { cwd: root, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const passed = run.status === 0;
  console.log(`${passed ? "✓" : "✗"} ${name.padEnd(10)} ${seconds} s  ${[program, ...args].join(" ")}`);
  if (!passed) console.log([run.error?.message, run.stdout, run.stderr].filter(Boolean).join("\n"));
  return passed;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECK_STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(
    `No such guard: ${unknown.join(", ")}. There are: ${CHECK_STEPS.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
const steps = CHECK_STEPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const failed = steps.filter((step) => !passes(step)).map(({ name }) => name);
console.log(failed.length === 0 ? `✓ all ${steps.length} guards passed` : `✗ failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
