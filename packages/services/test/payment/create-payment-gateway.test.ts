import { expect, it } from "vitest";
import { createPaymentGateway } from "../../src/payment/create-payment-gateway.ts";
import { openTestShop } from "../open-test-shop.ts";
import { answerWith, startTestServer } from "../start-test-server.ts";

const request = { key: "k", amountCents: 100, currency: "USD", token: "tok_visa" };

it("R24: charges through PAYMENT_URL if it is set, and simulates otherwise", async () => {
  await using shop = await openTestShop();
  await using server = await startTestServer(answerWith(200, { status: "succeeded", id: "real-1" }));
  const real = createPaymentGateway({ PAYMENT_URL: server.url, SIM_PAYMENT_MS: 0 }, shop.store);
  expect(await real.charge(request)).toEqual({ kind: "succeeded", chargeId: "real-1" });
  const simulated = createPaymentGateway({ PAYMENT_URL: undefined, SIM_PAYMENT_MS: 0 }, shop.store);
  expect(await simulated.charge(request)).toMatchObject({
    kind: "succeeded",
    chargeId: expect.stringMatching(/^ch-/),
  });
  expect(server.seen).toHaveLength(1);
});
