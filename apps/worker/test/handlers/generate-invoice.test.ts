import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readOrder } from "@holdfast/services/orders";
import { expect, it } from "vitest";
import { hinderUpdates } from "../hinder.ts";
import { openTestWorker } from "../open-test-worker.ts";

it("R7: a file that was written is not written again when recording it failed", async () => {
  let writes = 0;
  const test = await openTestWorker({
    services: (services) => ({
      ...services,
      invoices: {
        write(invoice, signal) {
          writes++;
          return services.invoices.write(invoice, signal);
        },
      },
    }),
  });
  const allow = await hinderUpdates(test.shop.store, "orders", "invoiced_at");
  const orderId = await test.order();
  expect(await test.reaches("generate_invoice", "scheduled")).toMatchObject({
    attempts: 1,
    lastError: expect.stringContaining("hindered"),
  });
  expect((await readOrder(test.shop.store, orderId))?.status).toBe("paid");

  await allow();
  test.clock.advance(60_000);
  const job = await test.reaches("generate_invoice", "completed");
  const path = join(test.folder, "invoices", `invoice-${orderId}.pdf`);
  expect(job).toMatchObject({ attempts: 2, result: { path } });
  expect(writes).toBe(1);
});

it("R23: without its invoice an order is not complete, whatever else is done", async () => {
  const test = await openTestWorker({ variables: { SIM_PDF_FAILURE: "1" } });
  const orderId = await test.order();
  await test.reaches("notify_warehouse", "completed");
  expect(await test.reaches("generate_invoice", "scheduled")).toMatchObject({
    lastError: expect.stringContaining("SimulatedFailureError"),
  });
  expect((await readOrder(test.shop.store, orderId))?.status).toBe("paid");
  expect(readdirSync(test.folder)).not.toContain("invoices");
});
