import { createServer, type Server, type Socket } from "node:net";
import PostalMime from "postal-mime";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterEach, describe, expect, it } from "vitest";
import {
  MailAddressInvalidError,
  MailRejectedError,
  MailUnavailableError,
} from "../../src/email/mail-errors.ts";
import type { Mailer, MailMessage } from "../../src/email/mailer.ts";
import { createSmtpMailer } from "../../src/email/smtp-mailer.ts";

const message: MailMessage = { to: "ann@example.com", subject: "Hello", text: "Hi", html: "<p>Hi</p>" };
const FROM = { name: "Shop", address: "shop@example.com" };
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
}

interface Mailbox {
  readonly url: string;
  readonly received: Received[];
  readonly connections: () => number;
}

/** A real SMTP server on a free port that keeps what it receives. */
async function startMailbox(options: SMTPServerOptions = {}): Promise<Mailbox> {
  const received: Received[] = [];
  let connections = 0;
  const server = new SMTPServer({
    authOptional: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    onConnect(_session, callback) {
      connections++;
      callback();
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
        });
        callback();
      });
    },
    ...options,
  });
  // A refused connection is the client's to report; without a listener it would end the test process.
  server.on("error", () => {});
  const port = await listen(server.listen(0, "127.0.0.1"));
  open.push({ close: () => new Promise<void>((resolve) => server.close(resolve)) });
  return { url: `smtp://127.0.0.1:${port}`, received, connections: () => connections };
}

async function listen(server: Server): Promise<number> {
  if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return address.port;
}

function mailerFor(url: string, options: { timeoutMs?: number; connections?: number } = {}): Mailer {
  const mailer = createSmtpMailer({ url, from: FROM, ...options });
  open.push(mailer);
  return mailer;
}

const send = (mailer: Mailer, key = "job-1", change: Partial<MailMessage> = {}) =>
  mailer.send({ ...message, ...change }, { signal: new AbortController().signal, key });

describe("R24: mail over SMTP", () => {
  it("arrives at the server with its envelope and both bodies", async () => {
    const mailbox = await startMailbox();
    const { messageId } = await send(mailerFor(mailbox.url));
    expect(mailbox.received).toMatchObject([{ from: "shop@example.com", to: ["ann@example.com"] }]);
    const email = await PostalMime.parse(mailbox.received[0]?.raw ?? "");
    expect(email).toMatchObject({
      subject: "Hello",
      messageId,
      from: { name: "Shop", address: "shop@example.com" },
    });
    expect(email.text?.trim()).toBe("Hi");
    expect(email.html?.trim()).toBe("<p>Hi</p>");
  });

  it("a repeat under the same key carries the same Message-ID", async () => {
    const mailbox = await startMailbox();
    const mailer = mailerFor(mailbox.url);
    await send(mailer, "job-7");
    await send(mailer, "job-7");
    const ids = await Promise.all(
      mailbox.received.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId),
    );
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  it("many messages share a few connections", async () => {
    const mailbox = await startMailbox();
    const mailer = mailerFor(mailbox.url, { connections: 2 });
    await Promise.all(Array.from({ length: 20 }, (_, n) => send(mailer, `job-${n}`)));
    expect(mailbox.received).toHaveLength(20);
    expect(mailbox.connections()).toBeLessThanOrEqual(2);
  });

  it("logs in with the user and password of the URL", async () => {
    const seen: unknown[] = [];
    const mailbox = await startMailbox({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, callback) {
        seen.push({ username, password });
        callback(null, { user: username });
      },
    });
    await send(mailerFor(mailbox.url.replace("//", "//ann:s3cret@")));
    expect(seen).toEqual([{ username: "ann", password: "s3cret" }]);
  });

  it("a recipient with a line break never reaches the server", async () => {
    const mailbox = await startMailbox();
    const hostile = send(mailerFor(mailbox.url), "job-1", {
      to: "ann@example.com>\r\nRCPT TO:<eve@example.com",
    });
    await expect(hostile).rejects.toBeInstanceOf(MailAddressInvalidError);
    expect(mailbox.connections()).toBe(0);
  });
});

describe("R24: mail that cannot be sent", () => {
  const answering = (responseCode: number) =>
    startMailbox({
      onRcptTo(_address, _session, callback) {
        callback(Object.assign(new Error("says the server"), { responseCode }));
      },
    });

  it("a recipient refused for good is rejected, with the server's answer", async () => {
    const failure = await send(mailerFor((await answering(550)).url)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MailRejectedError);
    expect(failure).toMatchObject({ code: "MAIL_REJECTED", message: expect.stringContaining("550") });
  });

  it("a recipient refused temporarily is worth another attempt", async () => {
    await expect(send(mailerFor((await answering(451)).url))).rejects.toBeInstanceOf(MailUnavailableError);
  });

  it("a message refused for good is rejected", async () => {
    const mailbox = await startMailbox({
      onData(stream, _session, callback) {
        stream.resume();
        stream.on("end", () => callback(Object.assign(new Error("spam"), { responseCode: 554 })));
      },
    });
    await expect(send(mailerFor(mailbox.url))).rejects.toBeInstanceOf(MailRejectedError);
  });

  it("a wrong password is worth another attempt: the setting can be corrected", async () => {
    const mailbox = await startMailbox({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(new Error("wrong")),
    });
    const sending = send(mailerFor(mailbox.url.replace("//", "//ann:wrong@")));
    await expect(sending).rejects.toBeInstanceOf(MailUnavailableError);
  });

  it("a server that is not there is worth another attempt", async () => {
    const server = createServer();
    const port = await listen(server.listen(0, "127.0.0.1"));
    await new Promise((resolve) => server.close(resolve));
    await expect(send(mailerFor(`smtp://127.0.0.1:${port}`))).rejects.toBeInstanceOf(MailUnavailableError);
  });

  it("a server that never greets is given up", async () => {
    const { port } = await startSilentServer();
    const sending = send(mailerFor(`smtp://127.0.0.1:${port}`, { timeoutMs: 50 }));
    await expect(sending).rejects.toBeInstanceOf(MailUnavailableError);
  });

  it("an abort ends the wait with its own reason", async () => {
    const silent = await startSilentServer();
    const stop = new AbortController();
    const mailer = mailerFor(`smtp://127.0.0.1:${silent.port}`);
    const sending = mailer.send(message, { signal: stop.signal, key: "job-1" });
    await silent.connected;
    stop.abort(new Error("the worker stops"));
    await expect(sending).rejects.toThrow("the worker stops");
  });
});

describe("closing", () => {
  it("waits for the message on its way", async () => {
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const seen: string[] = [];
    const mailbox = await startMailbox({
      onData(stream, _session, callback) {
        stream.resume();
        stream.on("end", () => {
          reached.resolve();
          void gate.promise.then(() => {
            seen.push("taken");
            callback();
          });
        });
      },
    });
    const mailer = mailerFor(mailbox.url);
    const sending = send(mailer);
    await reached.promise;
    const closing = mailer.close().then(() => seen.push("closed"));
    // One that did not wait would be closed by now.
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await closing;
    expect(seen).toEqual(["taken", "closed"]);
    await sending;
  });
});

async function startSilentServer(): Promise<{ port: number; connected: Promise<void> }> {
  const sockets = new Set<Socket>();
  const connected = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    connected.resolve();
  });
  const port = await listen(server.listen(0, "127.0.0.1"));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
  return { port, connected: connected.promise };
}
