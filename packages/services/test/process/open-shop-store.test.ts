import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openShopStore } from "../../src/process/open-shop-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-open-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("makes the folder, the queue's tables and the shop's at the first start, for the owner only", async () => {
  const path = join(folder, "deep/er/shop.db");
  const store = await openShopStore({ DATABASE_URL: path });
  const products = await store.read.selectFrom("products").select(["id", "stock"]).orderBy("id").execute();
  expect(products).toEqual([
    { id: "prod-1", stock: 50 },
    { id: "prod-2", stock: 100 },
    { id: "prod-3", stock: 25 },
  ]);
  expect((await store.stats()).queue.pending).toBe(0);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "deep")).mode & 0o777).toBe(0o700);
  await store.close();
});

it("opens what is there already, from as many processes as there are", async () => {
  const path = join(folder, "shop.db");
  const stores = await Promise.all([1, 2, 3, 4].map(() => openShopStore({ DATABASE_URL: path })));
  expect(await Promise.all(stores.map(async (store) => (await store.stats()).queue.pending))).toEqual([
    0, 0, 0, 0,
  ]);
  await Promise.all(stores.map((store) => store.close()));
});
