import { describe, expect, it } from "vitest";
import { createSimulatedGateway } from "../../src/payment/simulated-gateway.ts";
import { openTestShop } from "../open-test-shop.ts";

const request = (token: string, key = `key-${token}`) => ({ key, amountCents: 100, currency: "USD", token });

describe("the simulated gateway", () => {
  it("R24: answers by token", async () => {
    await using shop = await openTestShop();
    const { payments } = shop;
    expect(await payments.charge(request("tok_visa"))).toEqual({ kind: "succeeded", chargeId: "ch-a-1" });
    expect(await payments.charge(request("tok_declined"))).toMatchObject({ kind: "declined" });
    expect(await payments.charge(request("tok_error"))).toMatchObject({ kind: "unavailable" });
    expect(await payments.charge(request("tok_timeout"))).toMatchObject({ kind: "unknown" });
    expect(await payments.find("key-tok_visa")).toEqual({ kind: "succeeded", chargeId: "ch-a-1" });
    expect(await payments.find("key-tok_declined")).toMatchObject({ kind: "declined" });
    expect(await payments.find("key-tok_error")).toEqual({ kind: "none" });
    // It charged, and only its answer was lost.
    expect(await payments.find("key-tok_timeout")).toMatchObject({ kind: "succeeded" });
  });

  it("charges once per key, over processes and whatever the token", async () => {
    await using shop = await openTestShop();
    await using other = await openTestShop({ beside: shop });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? shop : other).payments.charge(request("tok_visa", "k"))),
    );
    expect(new Set(outcomes.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(await other.payments.charge(request("tok_declined", "k"))).toEqual(outcomes[0]);
    const rows = await shop.store.read.selectFrom("simulated_charges").selectAll().execute();
    expect(rows).toHaveLength(1);
  });

  it("asked again with the key of a lost answer, says what came of it", async () => {
    await using shop = await openTestShop();
    expect(await shop.payments.charge(request("tok_timeout"))).toMatchObject({ kind: "unknown" });
    expect(await shop.payments.charge(request("tok_timeout"))).toMatchObject({ kind: "succeeded" });
  });

  it("gives back only what it took", async () => {
    await using shop = await openTestShop();
    await shop.payments.charge(request("tok_visa"));
    await shop.payments.charge(request("tok_declined"));
    expect(await shop.payments.refund("key-tok_visa")).toBe(true);
    expect(await shop.payments.refund("key-tok_visa")).toBe(true);
    expect(await shop.payments.refund("key-tok_declined")).toBe(false);
    expect(await shop.payments.refund("unheard-of")).toBe(false);
  });

  it("charges nothing if it is stopped while it takes its time", async () => {
    await using shop = await openTestShop();
    const { store, clock } = shop;
    const slow = createSimulatedGateway({ store, clock, delayMs: 3_600_000, newChargeId: () => "ch" });
    const stop = new AbortController();
    const charging = slow.charge({ ...request("tok_visa"), signal: stop.signal });
    stop.abort();
    expect(await charging).toMatchObject({ kind: "unavailable" });
    expect(await slow.find("key-tok_visa")).toEqual({ kind: "none" });
  });
});
