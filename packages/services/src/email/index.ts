export { createMailer } from "./create-mailer.ts";
export { MailAddressInvalidError, MailRejectedError } from "./mail-errors.ts";
export type { Mailer } from "./mailer.ts";
export { composeOrderConfirmation } from "./order-confirmation.ts";
export { composeOrderFollowup } from "./order-followup.ts";
export { composeSalesReport } from "./sales-report-mail.ts";
