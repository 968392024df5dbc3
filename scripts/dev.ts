// `pnpm dev`: starts the four apps through turbo, shows their logs side by side, and says once when all are ready.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { styleText } from "node:util";
import { type AppLine, formatLine, readAppLine } from "./dev-log.ts";

const APPS = ["api", "worker", "scheduler", "admin"] as const;
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
turbo.on("exit", (code) => process.exit(stopping ? 0 : (code ?? 1)));

function show(text: string): void {
  const line = readAppLine(text);
  if (!line) return;
  const app = APPS.find((name) => name === line.app);
  process.stdout.write(`${styleText(app ? COLOURS[app] : "gray", line.app.padEnd(9))} ${formatLine(line)}\n`);
  if (line.entry?.msg === "ready") {
    ready.set(line.app, line);
    if (!printed && APPS.every((name) => ready.has(name))) {
      printed = true;
      process.stdout.write(banner());
    }
  }
}

function banner(): string {
  const api = url("api");
  const body = '{"userId":"user-1","items":[{"productId":"prod-1","quantity":1}],"paymentToken":"tok_ok"}';
  const rule = "─".repeat(78);
  return `
${rule}
  Holdfast is ready: api, worker, scheduler and admin share one SQLite file.

  Shop API    ${api}/products
  Dashboard   ${loginLink()}

  Place an order:
    curl -X POST ${api}/orders -H 'content-type: application/json' \\
      -d '${body}'

  Then look at the order by its id (${api}/orders/<id>), the e-mail in
  data/outbox, the invoice in data/invoices, and the dashboard. Ctrl-C stops all.
${rule}

`;
}

function url(app: string): string {
  const address = ready.get(app)?.entry?.url;
  return typeof address === "string" ? address : "(see above)";
}

function loginLink(): string {
  const link = ready.get("admin")?.entry?.loginLink;
  return typeof link === "string" ? link : url("admin");
}
