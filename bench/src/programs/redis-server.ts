// Redis for BullMQ: no port, a socket in the benchmark's folder, an append-only file that is flushed each second.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Redis } from "ioredis";
import { serve } from "./serve.ts";
import { readTask } from "./task.ts";

const { folder } = readTask<{ folder: string }>();
const socket = join(folder, "redis.sock");

async function startRedis(): Promise<ChildProcess> {
  const settings = {
    port: "0",
    unixsocket: socket,
    dir: folder,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === "ENOENT";
      reject(
        isMissing ? new Error("redis-server is not installed (Debian: apt-get install redis-server)") : cause,
      );
    });
    child.once("exit", (code) =>
      reject(new Error(`redis-server ended with ${code}: ${said.trim().slice(-300)}`)),
    );
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("eady to accept connections")) resolve();
    });
  });
  return child;
}

await serve(async () => {
  const child = await startRedis();
  const exited = once(child, "exit");
  const redis = new Redis({ path: socket, maxRetriesPerRequest: null });
  // Ctrl-C reaches the server as well; whoever works with it then hears of that.
  redis.on("error", () => {});
  const info = await redis.info("server");
  return {
    version: /redis_version:(\S+)/.exec(info)?.[1] ?? "unknown",
    async fresh() {
      await redis.flushall();
      return socket;
    },
    async stop() {
      redis.disconnect();
      if (child.exitCode === null) child.kill("SIGTERM");
      await exited;
    },
  };
});
