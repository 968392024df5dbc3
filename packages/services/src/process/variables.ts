import { optional, withFallback } from "./variable.ts";
import {
  anyText,
  databaseUrl,
  flag,
  list,
  longText,
  mailAddress,
  mailSender,
  oneOf,
  payloadKeys,
  port,
  share,
  timeZone,
  url,
  wholeNumber,
} from "./variable-schemas.ts";

const HOUR_MS = 3_600_000;

/** Read by every app, whichever groups it picks. */
export const processVariables = {
  NODE_ENV: withFallback(oneOf(["development", "production", "test"]), {
    description: "production refuses simulated services and missing secrets",
    fallback: "development",
  }),
  LOG_LEVEL: withFallback(oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]), {
    description: "The least important lines to log: trace, debug, info, warn, error, fatal or silent",
    fallback: "info",
  }),
  ALLOW_SIMULATED: withFallback(flag(), {
    description: "1 lets production run with simulated e-mail and payment",
    fallback: "0",
  }),
};

/** The database and the folder for everything else that is kept. */
export const storeVariables = {
  DATABASE_URL: withFallback(databaseUrl(), {
    description: "The SQLite file that all four apps open",
    fallback: "file:./data/shop.db",
    isPath: true,
  }),
  DATA_DIR: withFallback(anyText(), {
    description:
      "Folder for the daily reports, the outbox of simulated mail and the admin token of development",
    fallback: "./data",
    isPath: true,
  }),
  DATABASE_BUSY_MS: withFallback(wholeNumber(0, HOUR_MS), {
    description: "How long a read or write waits for a database that others have locked, in milliseconds",
    fallback: "10000",
  }),
  PAYLOAD_KEYS: optional(payloadKeys(), {
    description:
      "Keys of encrypted job types, as id:base64 of 32 bytes, separated by commas; the first encrypts, all decrypt",
    secret: true,
  }),
  ALLOW_NETWORK_FS: withFallback(flag(), {
    description: "1 opens a database on a network file system, where SQLite's locks may not hold",
    fallback: "0",
  }),
};

/** Read by the two apps that serve people. */
export const serverVariables = {
  HOST: optional(anyText(), {
    description:
      "Address that API and dashboard listen on; unset: this machine alone, all interfaces in production",
  }),
};

export const apiVariables = {
  API_PORT: withFallback(port(), { description: "Port of the shop's API", fallback: "3000" }),
  // Shorter ones can be guessed, and the logger would blot out every place where a single letter stands.
  API_KEYS: optional(list("keys of at least 16 characters", 16), {
    description:
      "Keys that clients of the API must send, of at least 16 characters, separated by commas; required in production",
    secret: true,
    production: "required",
  }),
  API_RATE_PER_MINUTE: withFallback(wholeNumber(1, 1_000_000), {
    description: "Requests per minute that one key of the API is let through; a tenth of it at once",
    fallback: "6000",
  }),
};

export const adminVariables = {
  ADMIN_PORT: withFallback(port(), { description: "Port of the dashboard and its API", fallback: "3001" }),
  ADMIN_TOKEN: optional(longText(16), {
    description: "What operators log in with, at least 16 characters; made at the first start in development",
    secret: true,
    production: "required",
  }),
  ADMIN_MAY_DECRYPT: withFallback(flag(), {
    description: "1 lets operators see encrypted payloads, results and errors; each look is in the audit log",
    fallback: "0",
  }),
};

export const workerVariables = {
  WORKER_HEALTH_PORT: optional(port(), { description: "Port for GET /health of a worker; unset: none" }),
  WORKER_CONCURRENCY: withFallback(wholeNumber(1, 1_000), {
    description: "Jobs that one worker runs at the same time",
    fallback: "10",
  }),
  WORKER_LEASE_MS: withFallback(wholeNumber(1_000, HOUR_MS), {
    description:
      "A worker silent for this many milliseconds loses its jobs; it beats three times in that span",
    fallback: "30000",
  }),
  WORKER_SHUTDOWN_MS: withFallback(wholeNumber(0, HOUR_MS), {
    description: "How long a stopping worker waits for its running jobs, in milliseconds",
    fallback: "25000",
  }),
  WORKER_TYPES: optional(list("names of job types"), {
    description: "The job types that this worker takes, separated by commas; unset: all",
  }),
};

export const schedulerVariables = {
  SCHEDULER_HEALTH_PORT: optional(port(), {
    description: "Port for GET /health of a scheduler; unset: none",
  }),
  SCHEDULE_TZ: withFallback(timeZone(), {
    description: "Time zone of the daily schedules and of the day that the daily report covers",
    fallback: "UTC",
  }),
};

export const mailVariables = {
  SMTP_URL: optional(url(["smtp:", "smtps:"], "smtp://user:password@host:587"), {
    description: "Mail server; unset: mail is simulated and written to DATA_DIR/outbox",
    secret: true,
    production: "real",
  }),
  MAIL_FROM: withFallback(mailSender(), {
    description: "Sender of the shop's mail",
    fallback: "Holdfast Shop <shop@example.com>",
  }),
  REPORT_TO: withFallback(mailAddress(), {
    description: "Who receives the daily sales report",
    fallback: "reports@example.com",
  }),
  SIM_EMAIL_MS: withFallback(wholeNumber(0, HOUR_MS), {
    description: "How long a simulated mail takes, in milliseconds",
    fallback: "500",
  }),
  SIM_EMAIL_FAILURE: withFallback(share(), {
    description: "Share of simulated mails that fail, from 0 to 1",
    fallback: "0.1",
  }),
};

export const invoiceVariables = {
  INVOICE_DIR: withFallback(anyText(), {
    description: "Folder for the invoices' PDF files",
    fallback: "./data/invoices",
    isPath: true,
  }),
  SIM_PDF_MS: withFallback(wholeNumber(0, HOUR_MS), {
    description: "How long the making of a PDF is drawn out, in milliseconds",
    fallback: "2000",
  }),
  SIM_PDF_FAILURE: withFallback(share(), {
    description: "Share of PDFs that are made to fail, from 0 to 1",
    fallback: "0.05",
  }),
};

export const paymentVariables = {
  PAYMENT_URL: optional(url(["http:", "https:"], "https://user:password@payments.example.com"), {
    description: "Payment gateway, with user and password if it asks for them; unset: payment is simulated",
    secret: true,
    production: "real",
  }),
  SIM_PAYMENT_MS: withFallback(wholeNumber(0, HOUR_MS), {
    description: "How long a simulated payment takes, in milliseconds",
    fallback: "2000",
  }),
};

export const inventoryVariables = {
  INVENTORY_URL: optional(url(["http:", "https:"], "https://user:password@stock.example.com"), {
    description:
      "Inventory service, with user and password if it asks for them; unset: the shop's own stock table",
    secret: true,
  }),
  SIM_INVENTORY_MS: withFallback(wholeNumber(0, HOUR_MS), {
    description: "How long an update of the shop's own stock table is drawn out, in milliseconds",
    fallback: "300",
  }),
};

export const webhookVariables = {
  WEBHOOK_ALLOW_PRIVATE: withFallback(flag(), {
    description: "1 delivers webhooks to private networks and this machine too, for development and tests",
    fallback: "0",
  }),
};

export const simulationVariables = {
  SIM_SEED: optional(wholeNumber(0, 2 ** 32 - 1), {
    description: "Makes simulated failures repeatable; unset: they are random",
  }),
};

/** Every group, in the order of `.env.example`. */
export const VARIABLE_GROUPS = [
  { title: "All apps", variables: processVariables },
  { title: "Database and files", variables: storeVariables },
  { title: "API and admin", variables: serverVariables },
  { title: "API", variables: apiVariables },
  { title: "Admin", variables: adminVariables },
  { title: "Worker", variables: workerVariables },
  { title: "Scheduler", variables: schedulerVariables },
  { title: "E-mail", variables: mailVariables },
  { title: "Invoices", variables: invoiceVariables },
  { title: "Payment", variables: paymentVariables },
  { title: "Inventory", variables: inventoryVariables },
  { title: "Webhooks", variables: webhookVariables },
  { title: "Simulation", variables: simulationVariables },
] as const;
