// `pnpm demo`: posts orders to a running shop, so that there is something to see on the dashboard.
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HELP = `Usage: pnpm demo [--orders N] [--api URL]

Posts N orders (20 by default) to the shop's API and says what became of each. Start the shop first: pnpm dev.
One in ten is declined, one in ten has an unknown outcome, as it happens with real cards.
`;

// The same .env that the apps read, so that a changed port is found; what is set already wins.
try {
  process.loadEnvFile(fileURLToPath(new URL("../.env", import.meta.url)));
} catch (error) {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOENT") throw error;
}

const { values } = parseArgs({
  options: {
    orders: { type: "string", default: "20" },
    api: { type: "string", default: `http://localhost:${process.env.API_PORT || "3000"}` },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const count = Number(values.orders);
if (!Number.isInteger(count) || count < 1 || count > 10_000) {
  process.stderr.write(`--orders must be a whole number from 1 to 10000, got ${values.orders}\n`);
  process.exit(1);
}

const PRODUCTS = ["prod-1", "prod-2", "prod-3"];
const outcomes = new Map<string, number>();
for (let n = 1; n <= count; n++) {
  const outcome = await placeOrder(n);
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  process.stdout.write(`${String(n).padStart(String(count).length)}/${count}  ${outcome}\n`);
  // A person would not be faster, and the numbers on the dashboard can be seen to move.
  await sleep(100);
}
process.stdout.write(`\n${[...outcomes].map(([outcome, times]) => `${times} × ${outcome}`).join(", ")}\n`);

async function placeOrder(n: number): Promise<string> {
  const body = {
    userId: `user-${n}`,
    items: [{ productId: PRODUCTS[n % PRODUCTS.length], quantity: 1 }],
    paymentToken: n % 10 === 7 ? "tok_declined" : n % 10 === 9 ? "tok_timeout" : "tok_ok",
  };
  const headers = { "content-type": "application/json" };
  let response: Response;
  try {
    response = await fetch(`${values.api}/orders`, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    // Whatever the socket said, to the reader it means one thing.
    process.stderr.write(
      `Nobody answers at ${values.api}: start the shop first (npx -y pnpm@12.21.0 dev), or name its address: --api\n`,
    );
    process.exit(1);
  }
  const answer = (await response.json()) as { id?: string; status?: string; error?: { code: string } };
  return answer.error
    ? `${response.status} ${answer.error.code}`
    : `${response.status} order ${answer.status ?? ""}`;
}
