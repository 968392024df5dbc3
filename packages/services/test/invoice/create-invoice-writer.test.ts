import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createInvoiceWriter, type InvoiceEnvironment } from "../../src/invoice/create-invoice-writer.ts";
import type { Invoice } from "../../src/invoice/invoice-head.ts";
import { renderInvoice } from "../../src/invoice/render-invoice.ts";

const never = new AbortController().signal;
const invoice: Invoice = {
  issuedAt: new Date("2026-03-02T00:30:00Z"),
  order: {
    id: "ord-0001",
    userId: "user-1",
    email: "ann@example.com",
    createdAt: new Date("2026-03-01T23:30:00Z"),
    totalCents: 8_999,
    items: [{ name: "Mechanical Keyboard", quantity: 1, priceCents: 8_999 }],
  },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-invoices-"));
});
afterEach(() => rm(folder, { recursive: true }));

const environment = (change: Partial<InvoiceEnvironment> = {}): InvoiceEnvironment => ({
  NODE_ENV: "test",
  INVOICE_DIR: join(folder, "invoices"),
  SIM_PDF_MS: 0,
  SIM_PDF_FAILURE: 0,
  SIM_SEED: undefined,
  ...change,
});

describe("R24: writing an invoice", () => {
  it("leaves one whole file named after the order, however often it is repeated", async () => {
    const writer = createInvoiceWriter(environment());
    const path = await writer.write(invoice, never);
    expect(path).toBe(join(folder, "invoices/invoice-ord-0001.pdf"));
    expect(await writer.write(invoice, never)).toBe(path);
    expect(await readdir(join(folder, "invoices"))).toEqual(["invoice-ord-0001.pdf"]);
    expect((await readFile(path)).equals(await renderInvoice(invoice))).toBe(true);
  });

  it("an order id cannot lead out of the folder", async () => {
    const order = { ...invoice.order, id: "../../outside" };
    await createInvoiceWriter(environment()).write({ ...invoice, order }, never);
    expect(await readdir(folder)).toEqual(["invoices"]);
    expect(await readdir(join(folder, "invoices"))).toHaveLength(1);
  });

  it("a simulated failure writes nothing", async () => {
    const writer = createInvoiceWriter(environment({ SIM_PDF_FAILURE: 1 }));
    await expect(writer.write(invoice, never)).rejects.toMatchObject({ code: "SIMULATED_FAILURE" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("in production neither the simulated wait nor the simulated failure applies", async () => {
    const production = environment({ NODE_ENV: "production", SIM_PDF_MS: 2 ** 30, SIM_PDF_FAILURE: 1 });
    await createInvoiceWriter(production).write(invoice, never);
    expect(await readdir(join(folder, "invoices"))).toHaveLength(1);
  });

  it("an abort while the file is drawn writes nothing", async () => {
    const stop = new AbortController();
    const production = environment({ NODE_ENV: "production" });
    const writing = createInvoiceWriter(production).write(invoice, stop.signal);
    stop.abort();
    await expect(writing).rejects.toThrow("aborted");
    expect(await readdir(folder)).toEqual([]);
  });

  it("an abort during the simulated wait writes nothing", async () => {
    const stop = new AbortController();
    const writing = createInvoiceWriter(environment({ SIM_PDF_MS: 2 ** 30 })).write(invoice, stop.signal);
    stop.abort();
    await expect(writing).rejects.toThrow("aborted");
    expect(await readdir(folder)).toEqual([]);
  });
});
