import { expect, it } from "vitest";
import { goodOrder, openTestApi } from "../open-test-api.ts";

it("design: GET /products lists what is on hand and what is left to order", async () => {
  const api = await openTestApi();
  await api.post("/orders", goodOrder);
  const { status, body } = await api.get("/products");
  expect(status).toBe(200);
  expect(body).toEqual({
    products: [
      {
        id: "prod-1",
        name: "Mechanical Keyboard",
        priceCents: 8_999,
        currency: "USD",
        stock: 50,
        available: 50,
      },
      { id: "prod-2", name: "USB-C Hub", priceCents: 3_499, currency: "USD", stock: 100, available: 99 },
      { id: "prod-3", name: "Monitor Stand", priceCents: 4_999, currency: "USD", stock: 25, available: 25 },
    ],
  });
});
