import { route } from "@hectoday/http";
import type { Shop } from "@holdfast/services";
import { listProducts } from "@holdfast/services/orders";
import { productsAnswer } from "../openapi/answer-schemas.ts";

/** What can be bought. */
export function productRoutes({ store }: Pick<Shop, "store">) {
  return [
    route.get("/products", {
      response: { 200: productsAnswer },
      resolve: async () => Response.json({ products: await listProducts(store) }),
    }),
  ];
}
