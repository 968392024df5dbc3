import type { ShopStore } from "../shop.ts";
import { CURRENCY } from "./order-view.ts";

/** A product as the API shows it. */
export interface ProductView {
  readonly id: string;
  readonly name: string;
  readonly priceCents: number;
  readonly currency: typeof CURRENCY;
  /** On hand, sold ones that have not left yet included. */
  readonly stock: number;
  /** What can be ordered now. */
  readonly available: number;
}

/** Lists all products by id. */
export async function listProducts({ read }: Pick<ShopStore, "read">): Promise<readonly ProductView[]> {
  const products = await read.selectFrom("products").selectAll().orderBy("id").execute();
  return products.map(({ id, name, price_cents, stock, reserved }) => ({
    id,
    name,
    priceCents: price_cents,
    currency: CURRENCY,
    stock,
    available: stock - reserved,
  }));
}
