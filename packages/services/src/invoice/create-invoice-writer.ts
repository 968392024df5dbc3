import { join } from "node:path";
import { writeFileAtomically } from "../atomic-file.ts";
import type { EnvironmentOf } from "../process/environment.ts";
import type { invoiceVariables, processVariables, simulationVariables } from "../process/variables.ts";
import { seededRandom } from "../simulation/seeded-random.ts";
import { type Simulation, simulateCall } from "../simulation/simulated-service.ts";
import { invoiceFileName } from "./invoice-file-name.ts";
import type { Invoice } from "./invoice-head.ts";
import { renderInvoice } from "./render-invoice.ts";

/** The variables that decide where invoices go and how slow and unreliable their making pretends to be. */
export type InvoiceEnvironment = Pick<
  EnvironmentOf<typeof processVariables & typeof invoiceVariables & typeof simulationVariables>,
  "NODE_ENV" | "INVOICE_DIR" | "SIM_PDF_MS" | "SIM_PDF_FAILURE" | "SIM_SEED"
>;

/** Makes invoices as PDF files. */
export interface InvoiceWriter {
  /**
   * Writes the invoice of an order, or replaces it: one order has one file.
   * @param signal gives up before the file is written
   * @returns the file's path
   * @throws {SimulatedFailureError} as often as `SIM_PDF_FAILURE` says, outside production
   */
  write(invoice: Invoice, signal: AbortSignal): Promise<string>;
}

/** Writes invoices into `INVOICE_DIR`; outside production as slow as `SIM_PDF_MS` says. */
export function createInvoiceWriter(environment: InvoiceEnvironment): InvoiceWriter {
  const simulation = environment.NODE_ENV === "production" ? null : simulationOf(environment);
  return {
    async write(invoice, signal) {
      if (simulation) await simulateCall(simulation, signal);
      const file = await renderInvoice(invoice);
      signal.throwIfAborted();
      const path = join(environment.INVOICE_DIR, invoiceFileName(invoice.order.id));
      await writeFileAtomically(path, file);
      return path;
    },
  };
}

function simulationOf({ SIM_PDF_MS, SIM_PDF_FAILURE, SIM_SEED: seed }: InvoiceEnvironment): Simulation {
  const random = seed === undefined ? Math.random : seededRandom(seed);
  return { service: "PDF", delayMs: SIM_PDF_MS, failureRate: SIM_PDF_FAILURE, random };
}
