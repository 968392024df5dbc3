// `pnpm bench`: builds what is measured, then measures the build. Nobody runs the sources in production.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { HELP, OptionUnknownError, readOptions } from "./options.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const args = process.argv.slice(2);

/** @returns the exit code; what it printed is shown only if it failed, where `isQuiet` */
async function run(command: string, commandArgs: readonly string[], isQuiet: boolean): Promise<number> {
  const child = spawn(command, commandArgs, {
    cwd: root,
    stdio: ["ignore", isQuiet ? "pipe" : "inherit", "inherit"],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1" },
  });
  // Waited for, because it stops servers first. Ctrl-C reaches it from the terminal as well; it minds only the first.
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, passOn);
  const said = child.stdout ? text(child.stdout) : "";
  const [status] = (await once(child, "exit")) as [number | null];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, passOn);
  if (status !== 0) process.stderr.write(await said);
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
const filters = ["--filter=@holdfast/bench...", "--filter=@holdfast/api..."];
const built = await run(`${root}node_modules/.bin/turbo`, ["run", "build", ...filters], true);
process.exitCode = built === 0 ? await run(process.execPath, ["bench/dist/cli.js", ...args], false) : built;
