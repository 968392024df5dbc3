import { createServer, type IncomingHttpHeaders } from "node:http";
import { onTestFinished } from "vitest";

/** A real HTTP server that keeps what it is sent; it stops when the test ends. */
export interface Receiver {
  readonly url: string;
  /** The status of the next answers. */
  status: number;
  readonly headers: IncomingHttpHeaders[];
  /** Every body, parsed. */
  readonly bodies: unknown[];
}

/** Answers every request with `status`, 200 at first. */
export async function startReceiver(): Promise<Receiver> {
  const headers: IncomingHttpHeaders[] = [];
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      headers.push(request.headers);
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.writeHead(receiver.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The receiver has no port");
  const receiver: Receiver = { url: `http://127.0.0.1:${address.port}`, status: 200, headers, bodies };
  return receiver;
}
