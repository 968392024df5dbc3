import { describe, expect, it } from "vitest";
import { createHttpInventory } from "../../src/inventory/http-inventory.ts";
import type { Inventory } from "../../src/inventory/inventory.ts";
import { type InventoryRun, syncInventory } from "../../src/inventory/sync-inventory.ts";
import { recordWarehouseNotice } from "../../src/inventory/warehouse-notice.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import { type GatheredEffects, gatherEffects } from "../gather-effects.ts";
import { keyboards, openTestShop, type TestShop } from "../open-test-shop.ts";
import { answerWith, startTestServer } from "../start-test-server.ts";

const { signal } = new AbortController();
const ownTable: Inventory = { withdraw: async () => undefined };

/** A run of the job. */
function runOf(shop: TestShop): InventoryRun & GatheredEffects {
  return { signal, ...gatherEffects(shop) };
}

describe("syncing the inventory", () => {
  it("R23: changes stock with the job's completion and not before, once however often it runs", async () => {
    await using shop = await openTestShop();
    const { id } = await placeOrder(shop, keyboards(2));
    const [first, again, later] = [runOf(shop), runOf(shop), runOf(shop)];
    await syncInventory(shop, ownTable, id, first);
    await syncInventory(shop, ownTable, id, again);
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);
    await first.commit();
    await again.commit();
    await syncInventory(shop, ownTable, id, later);
    await later.commit();
    expect(await shop.stockOf("prod-1")).toEqual([48, 0]);
  });

  it("R23: tells the service nothing of an order whose goods have left, and names the order each time", async () => {
    await using shop = await openTestShop();
    await using server = await startTestServer(answerWith(204, undefined));
    const inventory = createHttpInventory({ baseUrl: server.url });
    const { id } = await placeOrder(shop, keyboards(2));
    // Two jobs of one order, as after an edited dead letter: what one of them withdrew, the other must not.
    const [lost, repeated, late] = [runOf(shop), runOf(shop), runOf(shop)];
    await syncInventory(shop, inventory, id, lost);
    await syncInventory(shop, inventory, id, repeated);
    await repeated.commit();
    await syncInventory(shop, inventory, id, late);
    expect(server.seen.map(({ headers }) => headers["idempotency-key"])).toEqual([
      `withdrawal-${id}`,
      `withdrawal-${id}`,
    ]);
  });

  it("R24: tells the service at INVENTORY_URL first", async () => {
    await using shop = await openTestShop();
    await using server = await startTestServer(answerWith(204, undefined));
    const { id } = await placeOrder(shop, keyboards(2));
    const run = runOf(shop);
    await syncInventory(shop, createHttpInventory({ baseUrl: `${server.url}/stock/` }), id, run);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]).toMatchObject({ method: "POST", path: "/stock/withdrawals" });
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      orderId: id,
      lines: [{ productId: "prod-1", quantity: 2 }],
    });
    await run.commit();
    expect(await shop.stockOf("prod-1")).toEqual([48, 0]);
  });

  it.each([
    [500, "INVENTORY_UNAVAILABLE"],
    [429, "INVENTORY_UNAVAILABLE"],
    [409, "INVENTORY_UNAVAILABLE"],
    [302, "INVENTORY_UNAVAILABLE"],
    [422, "INVENTORY_REFUSED"],
    [401, "INVENTORY_REFUSED"],
  ])("an answer of %i is %s and changes no stock", async (status, code) => {
    await using shop = await openTestShop();
    await using server = await startTestServer(answerWith(status, {}));
    const { id } = await placeOrder(shop, keyboards(2));
    const run = runOf(shop);
    const syncing = syncInventory(shop, createHttpInventory({ baseUrl: server.url }), id, run);
    await expect(syncing).rejects.toMatchObject({ code });
    await run.commit();
    expect(await shop.stockOf("prod-1")).toEqual([50, 2]);
  });

  it("a service that doesn't answer may be asked again", async () => {
    await using shop = await openTestShop();
    await using server = await startTestServer((_, response) => response.destroy());
    const { id } = await placeOrder(shop, keyboards(2));
    const syncing = syncInventory(shop, createHttpInventory({ baseUrl: server.url }), id, runOf(shop));
    await expect(syncing).rejects.toMatchObject({ code: "INVENTORY_UNAVAILABLE", cause: expect.any(Error) });
  });

  it("says so if there is no such order", async () => {
    await using shop = await openTestShop();
    const syncing = syncInventory(shop, ownTable, "ord-0", runOf(shop));
    await expect(syncing).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
  });
});

describe("the warehouse's list", () => {
  it("R23: has an order once, with what to pick", async () => {
    await using shop = await openTestShop();
    const items = [
      { productId: "prod-3", quantity: 1 },
      { productId: "prod-1", quantity: 2 },
    ];
    const { id } = await placeOrder(shop, { ...keyboards(1), items });
    for (let i = 0; i < 2; i++) await shop.store.transaction((tx) => recordWarehouseNotice(tx, shop, id));
    const notices = await shop.store.read.selectFrom("warehouse_notices").selectAll().execute();
    expect(notices.map(({ order_id, lines }) => [order_id, JSON.parse(lines)])).toEqual([
      [
        id,
        [
          { productId: "prod-1", name: "Mechanical Keyboard", quantity: 2 },
          { productId: "prod-3", name: "Monitor Stand", quantity: 1 },
        ],
      ],
    ]);
  });
});
