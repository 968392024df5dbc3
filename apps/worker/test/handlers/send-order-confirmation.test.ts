import { SMTPServer } from "smtp-server";
import { expect, it, onTestFinished } from "vitest";
import { openTestWorker } from "../open-test-worker.ts";

/** A real SMTP server that answers each recipient with the next status. */
async function startMailServer(...answers: number[]): Promise<{ url: string; received: string[] }> {
  const received: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    onRcptTo(_address, _session, callback) {
      const responseCode = answers.shift() ?? 250;
      if (responseCode === 250) return callback();
      callback(Object.assign(new Error("says the server"), { responseCode }));
    },
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        received.push(Buffer.concat(chunks).toString());
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  const address = server.server.address();
  if (address === null || typeof address === "string") throw new Error("The mail server has no port");
  return { url: `smtp://127.0.0.1:${address.port}`, received };
}

it("R24: the confirmation goes over real SMTP, and is tried again after a passing refusal", async () => {
  const mail = await startMailServer(451);
  const test = await openTestWorker({ variables: { SMTP_URL: mail.url } });
  const orderId = await test.order();
  expect(await test.reaches("send_order_confirmation", "scheduled")).toMatchObject({
    lastError: expect.stringContaining("MailUnavailableError"),
  });
  test.clock.advance(60_000);
  await test.reaches("send_order_confirmation", "completed");
  expect(mail.received).toEqual([expect.stringContaining(`Subject: Your order ${orderId} is confirmed`)]);
});

it("R24: a recipient refused for good is not tried again, and the order goes on without the mail", async () => {
  const mail = await startMailServer(550);
  const test = await openTestWorker({ variables: { SMTP_URL: mail.url } });
  await test.order();
  expect(await test.dies("send_order_confirmation")).toMatchObject({ reason: "not_retryable", attempts: 1 });
  await test.reaches("generate_invoice", "completed");
  await test.reaches("sync_inventory", "completed");
  expect(mail.received).toEqual([]);
});

it("R7: a mail whose fate was not recorded is sent again under the same Message-ID", async () => {
  let isInterrupted = true;
  const test = await openTestWorker({
    services: (services) => ({
      ...services,
      mailer: {
        ...services.mailer,
        async send(message, options) {
          const receipt = await services.mailer.send(message, options);
          if (!isInterrupted) return receipt;
          isInterrupted = false;
          throw new Error("the connection broke after the message was taken");
        },
      },
    }),
  });
  await test.order();
  await test.reaches("send_order_confirmation", "scheduled");
  const [first] = await test.outbox();
  test.clock.advance(60_000);
  await test.reaches("send_order_confirmation", "completed");
  // One file: the outbox names it by its Message-ID.
  expect((await test.outbox()).map(({ messageId }) => messageId)).toEqual([first?.messageId]);
});

it("R23: it starts invoice and stock in the order's workflow, each under its own key", async () => {
  const test = await openTestWorker({ types: ["send_order_confirmation"] });
  const orderId = await test.order();
  const { workflowId } = await test.reaches("send_order_confirmation", "completed");
  for (const type of ["generate_invoice", "sync_inventory"] as const) {
    expect(await test.jobsOf(type)).toMatchObject([{ workflowId, payload: { orderId, userId: "u1" } }]);
    const again = await test.shop.queue.enqueue(
      type,
      { orderId, userId: "u1" },
      { uniqueKey: `${type}:${orderId}` },
    );
    expect(again.deduplicated).toBe(true);
  }
});
