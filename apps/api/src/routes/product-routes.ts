import { route } from "@hectoday/http";
import { listProducts, type Shop } from "@holdfast/services";
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
