import { expect, it } from "vitest";
import { createInventory } from "../../src/inventory/create-inventory.ts";
import { answerWith, startTestServer } from "../start-test-server.ts";

const withdrawal = { orderId: "ord-1", lines: [{ productId: "prod-1", quantity: 1 }], key: "k" };
const HOUR_MS = 3_600_000;

it("R24: asks INVENTORY_URL if it is set", async () => {
  await using server = await startTestServer(answerWith(200, {}));
  const inventory = createInventory({
    INVENTORY_URL: server.url,
    SIM_INVENTORY_MS: HOUR_MS,
    NODE_ENV: "development",
  });
  await inventory.withdraw({ ...withdrawal, signal: new AbortController().signal });
  expect(server.seen).toHaveLength(1);
});

it("R24: without it nobody is asked; development draws that out until it is stopped, production doesn't", async () => {
  const unset = { INVENTORY_URL: undefined, SIM_INVENTORY_MS: HOUR_MS };
  await createInventory({ ...unset, NODE_ENV: "production" }).withdraw({
    ...withdrawal,
    signal: new AbortController().signal,
  });
  const stop = new AbortController();
  const drawnOut = createInventory({ ...unset, NODE_ENV: "development" }).withdraw({
    ...withdrawal,
    signal: stop.signal,
  });
  stop.abort();
  await expect(drawnOut).rejects.toMatchObject({ name: "AbortError" });
});
