import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  readonly from: string;
  readonly to: string;
  readonly raw: string;
}

/** A real SMTP server that keeps what it accepts and refuses what a test tells it to. */
export class MailServer {
  readonly received: ReceivedMail[] = [];
  /** How many more times a recipient is refused with a temporary error. */
  readonly #refusals = new Map<string, number>();
  readonly #server: SMTPServer;
  #port = 0;

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onRcptTo: ({ address }, _session, callback) => {
        const left = this.#refusals.get(address) ?? 0;
        if (left === 0) return callback();
        this.#refusals.set(address, left - 1);
        callback(Object.assign(new Error("Mailbox busy, try again later"), { responseCode: 451 }));
      },
      onData: (stream, { envelope }, callback) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          this.received.push({
            from: envelope.mailFrom ? envelope.mailFrom.address : "",
            to: envelope.rcptTo.map(({ address }) => address).join(", "),
            raw: Buffer.concat(chunks).toString("utf8"),
          });
          callback();
        });
      },
    });
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`;
  }

  /** Refuses a recipient so many times, then accepts it; Infinity refuses for good. */
  refuse(address: string, times: number): void {
    this.#refusals.set(address, times);
  }

  to(address: string): readonly ReceivedMail[] {
    return this.received.filter((mail) => mail.to === address);
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#port = (this.#server.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }
}
