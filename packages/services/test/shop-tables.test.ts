import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { placeOrder } from "../src/orders/place-order.ts";
import { keyboards, openTestShop, type TestShop } from "./open-test-shop.ts";

const write = ({ store }: TestShop, statement: string) =>
  store.transaction(async (tx) => void (await sql.raw(statement).execute(tx.sql)));

describe("the shop's tables", () => {
  it("R21: have the columns asked for, strictly typed", async () => {
    await using shop = await openTestShop();
    const columnsOf = async (table: string) => {
      const { rows } = await sql<{ name: string }>`SELECT name FROM pragma_table_info(${table})`.execute(
        shop.store.read,
      );
      return rows.map(({ name }) => name);
    };
    expect(await columnsOf("products")).toEqual([
      "id",
      "name",
      "price_cents",
      "stock",
      "reserved",
      "created_at",
    ]);
    expect(await columnsOf("orders")).toEqual(
      expect.arrayContaining([
        "id",
        "user_id",
        "email",
        "status",
        "total_cents",
        "workflow_id",
        "created_at",
      ]),
    );
    expect(await columnsOf("order_items")).toEqual(["order_id", "product_id", "quantity", "price_cents"]);
    const { rows } = await sql<{ name: string }>`SELECT name FROM pragma_table_list
      WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`.execute(
      shop.store.read,
    );
    expect(rows).toEqual([]);
  });

  it.each([
    ["a price of nothing", "UPDATE products SET price_cents = 0", "CHECK"],
    ["half a cent", "UPDATE products SET price_cents = 0.5", "cannot store REAL value in INTEGER column"],
    ["more reserved than there is", "UPDATE products SET reserved = stock + 1", "CHECK"],
    ["a negative reservation", "UPDATE products SET reserved = -1", "CHECK"],
    ["a line of nothing", "UPDATE order_items SET quantity = 0", "CHECK"],
    ["a status nobody knows", "UPDATE orders SET status = 'lost'", "CHECK"],
    ["a line of no order", "INSERT INTO order_items VALUES ('ord-0', 'prod-1', 1, 1)", "FOREIGN KEY"],
    ["a line of no product", "INSERT INTO order_items SELECT id, 'prod-0', 1, 1 FROM orders", "FOREIGN KEY"],
    ["a product gone from an order", "DELETE FROM products WHERE id = 'prod-1'", "FOREIGN KEY"],
  ])("R21: refuse %s", async (_, statement, reason) => {
    await using shop = await openTestShop();
    await placeOrder(shop, keyboards(1));
    await expect(write(shop, statement)).rejects.toThrow(reason);
  });
});
