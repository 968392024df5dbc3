import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createMailer, type MailEnvironment } from "../../src/email/create-mailer.ts";
import { MailUnavailableError } from "../../src/email/mail-errors.ts";

const log = pino({ level: "silent" });
const message = { to: "ann@example.com", subject: "Hello", text: "Hi", html: "<p>Hi</p>" };
const options = { signal: new AbortController().signal, key: "job-1" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-mailer-"));
});
afterEach(() => rm(folder, { recursive: true }));

function environment(change: Partial<MailEnvironment> = {}): MailEnvironment {
  return {
    DATA_DIR: folder,
    MAIL_FROM: { name: "", address: "shop@example.com" },
    SMTP_URL: undefined,
    SIM_EMAIL_MS: 0,
    SIM_EMAIL_FAILURE: 0,
    SIM_SEED: undefined,
    ...change,
  };
}

it("without SMTP_URL messages are files in DATA_DIR/outbox", async () => {
  await createMailer(environment(), log).send(message, options);
  expect(await readdir(join(folder, "outbox"))).toHaveLength(1);
});

it("with SMTP_URL messages go to that server", async () => {
  // Port 9 on a loopback address that nothing listens on: the attempt itself shows where it goes.
  const mailer = createMailer(environment({ SMTP_URL: "smtp://127.0.0.1:9" }), log);
  await expect(mailer.send(message, options)).rejects.toBeInstanceOf(MailUnavailableError);
  await mailer.close();
  expect(await readdir(folder)).toEqual([]);
});

it("SIM_SEED makes the failures repeatable", async () => {
  const outcomes = async () => {
    const mailer = createMailer(environment({ SIM_EMAIL_FAILURE: 0.5, SIM_SEED: 9 }), log);
    const failed: boolean[] = [];
    for (let n = 0; n < 20; n++) {
      failed.push(
        await mailer.send(message, { ...options, key: `job-${n}` }).then(
          () => false,
          () => true,
        ),
      );
    }
    return failed;
  };
  expect(await outcomes()).toEqual(await outcomes());
});
