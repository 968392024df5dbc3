export { createShop, type Shop, type ShopQueue, type ShopStore } from "./shop.ts";
export type { ShopTables } from "./shop-tables.ts";
