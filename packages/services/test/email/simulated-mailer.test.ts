import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import PostalMime from "postal-mime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Mailer, MailMessage } from "../../src/email/mailer.ts";
import { createSimulatedMailer } from "../../src/email/simulated-mailer.ts";
import { seededRandom } from "../../src/simulation/seeded-random.ts";

const message: MailMessage = { to: "ann@example.com", subject: "Your order", text: "Hi", html: "<p>Hi</p>" };

let outbox: string;
let lines: Record<string, unknown>[];
beforeEach(async () => {
  outbox = join(await mkdtemp(join(tmpdir(), "holdfast-outbox-")), "outbox");
  lines = [];
});
afterEach(() => rm(join(outbox, ".."), { recursive: true }));

function mailer(failureRate = 0, delayMs = 0): Mailer {
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
  const simulation = { service: "e-mail", delayMs, failureRate, random: seededRandom(5) };
  return createSimulatedMailer({
    outbox,
    from: { name: "Shop", address: "shop@example.com" },
    simulation,
    log,
  });
}

const send = (to: Mailer, key: string, change: Partial<MailMessage> = {}) =>
  to.send({ ...message, ...change }, { signal: new AbortController().signal, key });

describe("R24: simulated mail", () => {
  it("is a message file that mail programs can read, and its path is logged", async () => {
    const { messageId } = await send(mailer(), "job-1");
    const [name] = await readdir(outbox);
    expect(name).toMatch(/^your-order-[0-9a-f]{16}\.eml$/);
    const path = join(outbox, name ?? "");
    expect(lines).toMatchObject([{ path, subject: "Your order" }]);
    const email = await PostalMime.parse(await readFile(path));
    expect(email).toMatchObject({ messageId, subject: "Your order", to: [{ address: "ann@example.com" }] });
    expect(email.html?.trim()).toBe("<p>Hi</p>");
  });

  it("a repeat under the same key replaces the file", async () => {
    const sender = mailer();
    await send(sender, "job-1");
    await send(sender, "job-1");
    await send(sender, "job-2");
    expect(await readdir(outbox)).toHaveLength(2);
  });

  it.each(["../../../etc/passwd", "a/b\\c", "..", "", "\u0000", "😀".repeat(200), "x".repeat(1_000)])(
    "the subject %j cannot lead out of the folder",
    async (subject) => {
      await send(mailer(), "job-1", { subject });
      expect(await readdir(outbox)).toEqual([expect.stringMatching(/^[a-z0-9-]{1,97}\.eml$/)]);
      expect(await readdir(join(outbox, ".."))).toEqual(["outbox"]);
    },
  );

  it("a simulated failure sends nothing", async () => {
    await expect(send(mailer(1), "job-1")).rejects.toMatchObject({ code: "SIMULATED_FAILURE" });
    await expect(readdir(outbox)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("fails for the same messages again under the same seed", async () => {
    const outcomes = async () => {
      const sender = mailer(0.5);
      const failed: boolean[] = [];
      for (let n = 0; n < 30; n++)
        failed.push(
          await send(sender, `job-${n}`).then(
            () => false,
            () => true,
          ),
        );
      return failed;
    };
    const first = await outcomes();
    expect(new Set(first).size).toBe(2);
    expect(await outcomes()).toEqual(first);
  });

  it("an abort ends the simulated wait", async () => {
    const stop = new AbortController();
    const sending = mailer(0, 2 ** 30).send(message, { signal: stop.signal, key: "job-1" });
    stop.abort();
    await expect(sending).rejects.toThrow("aborted");
  });
});
