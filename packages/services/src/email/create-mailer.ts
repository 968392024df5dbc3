import { join } from "node:path";
import type { Logger } from "pino";
import type { EnvironmentOf } from "../process/environment.ts";
import type { mailVariables, simulationVariables, storeVariables } from "../process/variables.ts";
import { seededRandom } from "../simulation/seeded-random.ts";
import type { Mailer } from "./mailer.ts";
import { createSimulatedMailer } from "./simulated-mailer.ts";
import { createSmtpMailer } from "./smtp-mailer.ts";

/** The variables that decide how mail is sent. */
export type MailEnvironment = Pick<
  EnvironmentOf<typeof mailVariables & typeof storeVariables & typeof simulationVariables>,
  "SMTP_URL" | "MAIL_FROM" | "DATA_DIR" | "SIM_EMAIL_MS" | "SIM_EMAIL_FAILURE" | "SIM_SEED"
>;

/** Sends by SMTP if `SMTP_URL` is set; otherwise messages are written to `DATA_DIR/outbox`. */
export function createMailer(environment: MailEnvironment, log: Logger): Mailer {
  const { SMTP_URL: url, MAIL_FROM: from, SIM_SEED: seed } = environment;
  if (url !== undefined) return createSmtpMailer({ url, from });
  const simulation = {
    service: "e-mail",
    delayMs: environment.SIM_EMAIL_MS,
    failureRate: environment.SIM_EMAIL_FAILURE,
    random: seed === undefined ? Math.random : seededRandom(seed),
  };
  return createSimulatedMailer({ outbox: join(environment.DATA_DIR, "outbox"), from, simulation, log });
}
