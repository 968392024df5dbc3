import fc from "fast-check";
import MailComposer from "nodemailer/lib/mail-composer";
import PostalMime, { type Email } from "postal-mime";
import { describe, expect, it } from "vitest";
import { composeMail } from "../../src/email/compose-mail.ts";
import { parseMailSender } from "../../src/email/mail-address.ts";
import { MailAddressInvalidError } from "../../src/email/mail-errors.ts";
import type { MailMessage } from "../../src/email/mailer.ts";

const FROM = { name: "Holdfast Shop", address: "shop@example.com" };
const message: MailMessage = { to: "ann@example.com", subject: "Hello", text: "Hi", html: "<p>Hi</p>" };

async function parsed(change: Partial<MailMessage>, from = FROM, key = "job-1"): Promise<Email> {
  const mail = composeMail({ ...message, ...change }, from, key);
  return PostalMime.parse(await new MailComposer(mail).compile().build());
}

describe("a composed message", () => {
  it("carries sender, recipient, subject and both bodies", async () => {
    const email = await parsed({ subject: "Zażółć 日本 😀", text: "plain ü", html: "<p>rich ü</p>" });
    expect(email.from).toMatchObject({ name: "Holdfast Shop", address: "shop@example.com" });
    expect(email.to).toMatchObject([{ address: "ann@example.com" }]);
    expect(email.subject).toBe("Zażółć 日本 😀");
    expect(email.text?.trim()).toBe("plain ü");
    expect(email.html?.trim()).toBe("<p>rich ü</p>");
  });

  it("has the same Message-ID for the same key, and another for another", async () => {
    const first = (await parsed({})).messageId;
    expect(first).toMatch(/^<[0-9a-f]{32}@example\.com>$/);
    expect((await parsed({ subject: "Changed" })).messageId).toBe(first);
    expect((await parsed({}, FROM, "job-2")).messageId).not.toBe(first);
  });

  it("tells other machines not to answer", async () => {
    const headers = (await parsed({})).headers;
    expect(headers.find(({ key }) => key === "auto-submitted")?.value).toBe("auto-generated");
  });
});

describe("faults: CRLF in mail fields", () => {
  it.each([
    "ann@example.com\r\nBcc: eve@example.com",
    "ann@example.com\nBcc: eve@example.com",
    "ann@example.com, eve@example.com",
    "ann@example.com; eve@example.com",
    "Ann <ann@example.com>",
    '"ann eve"@example.com',
    "undisclosed: ann@example.com",
    "ann@example.com\u0000",
    "ann@example.com\u0085Bcc:eve@example.com",
    "ann",
    "@example.com",
    "ann@",
    "",
    `${"a".repeat(243)}@example.com`,
  ])("%j is no recipient", (to) => {
    expect(() => composeMail({ ...message, to }, FROM, "k")).toThrow(MailAddressInvalidError);
  });

  it.each(["ann@example.com", "a.b+tag@sub.example.co.uk", "ünï@exämple.de", "o'hara@example.com"])(
    "%j is one",
    (to) => {
      expect(() => composeMail({ ...message, to }, FROM, "k")).not.toThrow();
    },
  );

  it("a line break in the subject starts no header", async () => {
    const email = await parsed({ subject: "Hi\r\nBcc: eve@example.com\r\n\r\nbody" });
    expect(email.subject).toBe("Hi Bcc: eve@example.com body");
    expect(email.bcc ?? []).toEqual([]);
    expect(email.text?.trim()).toBe("Hi");
  });

  it("no subject and no sender's name, whatever they hold, add a header", async () => {
    const names = (email: Email): string[] => email.headers.map(({ key }) => key).sort();
    const usual = names(await parsed({}));
    const hostile = fc.string({
      unit: fc.oneof(fc.constantFrom("\r", "\n", ":", "\u2028", "\u0000", " "), fc.string()),
    });
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (subject, name) => {
        const sender = parseMailSender(`n ${name.replaceAll(/[<>]/g, "")} <shop@example.com>`);
        const email = await parsed({ subject: `s ${subject}` }, sender ?? FROM);
        expect(sender).not.toBeNull();
        expect(names(email)).toEqual(usual);
        expect(email.to).toMatchObject([{ address: "ann@example.com" }]);
      }),
      { numRuns: 200 },
    );
  });
});
