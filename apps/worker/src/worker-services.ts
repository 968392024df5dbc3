import type { Shop } from "@holdfast/services";
import type { Mailer } from "@holdfast/services/email";
import type { Inventory } from "@holdfast/services/inventory";
import type { InvoiceWriter } from "@holdfast/services/invoice";
import type { WebhookPolicy } from "@holdfast/services/webhooks";

/** What the handlers work with. */
export interface WorkerServices {
  readonly shop: Shop;
  readonly mailer: Mailer;
  readonly invoices: InvoiceWriter;
  readonly inventory: Inventory;
  readonly webhookPolicy: WebhookPolicy;
  readonly report: ReportSettings;
}

/** How the daily sales report is made. */
interface ReportSettings {
  /** The IANA zone whose days are reported. */
  readonly zone: string;
  /** Files go to `reports` in it. */
  readonly dataFolder: string;
  /** Who receives it by mail. */
  readonly to: string;
}
