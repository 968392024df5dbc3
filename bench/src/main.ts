// `pnpm bench`: builds what is measured, then measures the build. Nobody runs the sources in production.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HELP, OptionUnknownError, readOptions } from "./options.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const args = process.argv.slice(2);

function run(command: string, commandArgs: readonly string[], stdout: "inherit" | "pipe"): number {
  const { status, stdout: said } = spawnSync(command, commandArgs, {
    cwd: root,
    stdio: ["ignore", stdout, "inherit"],
    encoding: "utf8",
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
  });
  if (status !== 0 && said) process.stderr.write(said);
  return status ?? 1;
}

try {
  if (readOptions(args).help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
} catch (error) {
  if (!(error instanceof OptionUnknownError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
process.stderr.write("building what is measured …\n");
const built = run(`${root}node_modules/.bin/turbo`, ["run", "build", "--filter=@holdfast/bench..."], "pipe");
process.exitCode = built === 0 ? run(process.execPath, ["bench/dist/cli.js", ...args], "inherit") : built;
