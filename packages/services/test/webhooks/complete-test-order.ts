import { recordInventory, recordInvoice } from "../../src/orders/complete-order.ts";
import { placeOrder } from "../../src/orders/place-order.ts";
import { keyboards, type TestShop } from "../open-test-shop.ts";

/** Places an order of two keyboards and takes both steps that complete it; returns its id. */
export async function completeTestOrder(shop: TestShop): Promise<string> {
  const { id } = await placeOrder(shop, keyboards(2));
  await shop.store.transaction(async (tx) => {
    await recordInvoice(tx, shop, id);
    await recordInventory(tx, shop, id);
  });
  return id;
}
