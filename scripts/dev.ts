// `pnpm dev`: starts the four apps through turbo, shows their logs side by side, and says once when all are ready.
import { spawn } from "node:child_process";
import { utimesSync } from "node:fs";
import { createInterface } from "node:readline";
import { styleText } from "node:util";
import { type AppName, READY_MESSAGES } from "./app-ready.ts";
import { type AppLine, formatLine, readAppLine } from "./dev-log.ts";

const APPS = Object.keys(READY_MESSAGES) as AppName[];
const COLOURS = { api: "cyan", worker: "green", scheduler: "magenta", admin: "yellow" } as const;

if (process.argv.includes("--help")) {
  process.stdout.write(
    `Usage: pnpm dev

Starts api, worker, scheduler and admin on one SQLite file (data/shop.db by default) and prints where they are.
Settings come from the environment or from .env; .env.example lists them. Ctrl-C stops all four.
`,
  );
  process.exit(0);
}

const ready = new Map<string, AppLine>();
let printed = false;
let loginLink: string | undefined;
let gaveUp = false;
/** What each app wrote that is no log line: what it says when it cannot start. */
const said = new Map<AppName, string[]>();
/** What `node --watch` says when a program has ended by itself. */
const WATCH_GAVE_UP = /^(Failed running|Completed running) /;
const START_AGAIN_MS = 1_000;

const turbo = spawn("turbo", ["run", "dev", "--output-logs=full"], {
  stdio: ["ignore", "pipe", "pipe"],
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
});
for (const stream of [turbo.stdout, turbo.stderr]) createInterface({ input: stream }).on("line", show);

// Ctrl-C reaches the whole process group by itself; a signal sent to this process alone has to be passed on.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => turbo.kill(signal));
turbo.on("error", (error) => {
  process.stderr.write(
    `turbo cannot be started: ${error.message}. Run this through pnpm: npx -y pnpm@12.21.0 dev\n`,
  );
  process.exit(1);
});
let stopping = false;
process.once("SIGINT", () => (stopping = true)).once("SIGTERM", () => (stopping = true));
turbo.on("exit", (code) => process.exit(gaveUp ? 1 : stopping ? 0 : (code ?? 1)));

function show(text: string): void {
  const line = readAppLine(text);
  if (!line) return;
  const app = APPS.find((name) => name === line.app);
  process.stdout.write(`${styleText(app ? COLOURS[app] : "gray", line.app.padEnd(9))} ${formatLine(line)}\n`);
  loginLink ??= /^Dashboard: (\S+)$/.exec(line.text)?.[1];
  if (app && line.entry?.msg === READY_MESSAGES[app]) ready.set(app, line);
  if (app && WATCH_GAVE_UP.test(line.text)) {
    if (printed) startAgain(app);
    else giveUp(app);
  } else if (app && !printed && !line.entry) said.set(app, [...(said.get(app) ?? []), line.text]);
  // The admin app prints its login link after its log line; with ADMIN_TOKEN set in production there is none.
  const complete =
    APPS.every((name) => ready.has(name)) && (loginLink || process.env.NODE_ENV === "production");
  if (complete && !printed) {
    printed = true;
    process.stdout.write(banner());
  }
}

/** An app that cannot start would leave the others running for nobody: says what it said, stops all and fails. */
function giveUp(app: AppName): void {
  if (gaveUp) return;
  gaveUp = true;
  const reason = (said.get(app) ?? []).map((text) => `  ${text}`).join("\n");
  const rule = "─".repeat(78);
  process.stderr.write(
    `\n${rule}\n  Holdfast did not start: ${app} could not.\n\n${reason}\n\n` +
      `  Mend that and run this again.\n${rule}\n\n`,
  );
  turbo.kill("SIGTERM");
}

/** As a supervisor does in production, and no faster: an app that ends at once must not spin. */
function startAgain(app: AppName): void {
  if (stopping) return;
  process.stdout.write(`${styleText(COLOURS[app], app.padEnd(9))} it ended; starting it again\n`);
  const now = new Date();
  // `node --watch` waits for a change, and this is one that changes nothing.
  setTimeout(() => utimesSync(`apps/${app}/src/main.ts`, now, now), START_AGAIN_MS);
}

function banner(): string {
  const api = url("api");
  const body = '{"userId":"user-1","items":[{"productId":"prod-1","quantity":1}],"paymentToken":"tok_ok"}';
  const rule = "─".repeat(78);
  return `
${rule}
  Holdfast is ready: api, worker, scheduler and admin share one SQLite file.

  Shop API    ${api}/products
  Dashboard   ${loginLink ?? url("admin")}

  Place an order:
    curl -X POST ${api}/orders -H 'content-type: application/json' \\
      -d '${body}'

  Then look at the order by its id (${api}/orders/<id>), the e-mail in
  data/outbox, the invoice in data/invoices, and the dashboard. Ctrl-C stops all.
${rule}

`;
}

function url(app: AppName): string {
  const address = ready.get(app)?.entry?.url;
  return typeof address === "string" ? address : "(see above)";
}
