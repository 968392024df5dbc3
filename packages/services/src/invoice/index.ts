export { createInvoiceWriter, type InvoiceWriter } from "./create-invoice-writer.ts";
