import { route } from "@hectoday/http";
import { listProducts, type Shop } from "@holdfast/services";

/** What can be bought. */
export function productRoutes({ store }: Pick<Shop, "store">) {
  return [
    route.get("/products", {
      resolve: async () => Response.json({ products: await listProducts(store) }),
    }),
  ];
}
