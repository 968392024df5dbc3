import autocannon from "autocannon";
import { type BarResult, type Bench, sized, toResult } from "../bar.ts";
import { inRounds, runsOf } from "../rounds.ts";
import { startProgram } from "../run-program.ts";
import { startShopApi } from "../shop-api.ts";
import { atLeast } from "../statistics.ts";

const CONNECTIONS = 50;
const ORDER = { userId: "u1", items: [{ productId: "prod-2", quantity: 1 }], paymentToken: "tok_visa" };

/** Orders through the whole API, against its server and framework sending the same JSON back. */
export async function measureOrders(bench: Bench): Promise<BarResult> {
  const seconds = sized(bench, { full: 10, quick: 3, tiny: 1 });
  await using echo = startProgram("echo", {});
  const { port: echoPort } = await echo.next<{ port: number }>();
  await using api = await startShopApi(bench.folder());
  // Cold code runs several times slower, and each server is measured by what it does for hours.
  for (const port of [echoPort, api.port]) await ordersPerSecond(port, Math.ceil(seconds / 3));
  const runs = await inRounds(bench, {
    echo: () => ordersPerSecond(echoPort, seconds),
    holdfast: () => ordersPerSecond(api.port, seconds),
  });
  const part = atLeast("POST /orders", runsOf(runs, "holdfast"), "echo", runsOf(runs, "echo"), 0.3);
  const parts = [{ ...part, unit: "orders/s" }];
  const notes = [
    `${CONNECTIONS} connections, FULL, payment latency 0; autocannon shares the machine with the server it loads`,
    "each order: two transactions, stock, payment intent, first jobs; echo: the same server and framework, no checks",
  ];
  return toResult({ id: "P10", title: "POST /orders", runs, parts, notes });
}

async function ordersPerSecond(port: number, seconds: number): Promise<number> {
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/orders`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ORDER),
    connections: CONNECTIONS,
    duration: seconds,
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} orders were refused and ${result.errors} connections failed`);
  }
  return result["2xx"] / result.duration;
}
