// A process that onShutdown looks after; the test moves its clock and ends its work by message.
import { createLogger } from "../../src/process/logger.ts";
import { onShutdown } from "../../src/process/shutdown.ts";

let nowMs = 0;
const work = Promise.withResolvers<void>();
const log = createLogger({ name: "stopping", level: "info" });

onShutdown(
  log,
  () => {
    process.send?.("stopping");
    return work.promise;
  },
  {
    clock: { now: () => nowMs, monotonic: () => nowMs },
    unhandledRejection: process.argv[2] === "log" ? "log" : "exit",
  },
);

process.on("message", (message) => {
  if (message === "finish") work.resolve();
  else if (message === "fail") work.reject(new Error("the port would not close"));
  else if (message === "throw") throw new Error("nobody catches this");
  else if (message === "reject") void Promise.reject(new Error("nobody handles this"));
  else if (typeof message === "number") nowMs = message;
  process.send?.("done");
});
process.send?.("ready");
