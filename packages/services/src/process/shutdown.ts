import type { Clock } from "@holdfast/queue-core";
import { isStrayOfJob, systemClock } from "@holdfast/queue-core";
import type { Logger } from "pino";

export interface ShutdownOptions {
  /** `exit` by default; `log` is for the worker, where a handler's stray rejection must not end its neighbours. */
  readonly unhandledRejection?: "exit" | "log";
  readonly clock?: Clock;
}

/**
 * A supervisor and a terminal may each send the same signal: two within this span mean "stop" once. A signal that
 * comes later means "now".
 */
const REPEATED_SIGNAL_MS = 1_000;

/**
 * Stops the app in order on SIGTERM and SIGINT, then exits with 0; a second signal more than a second later exits at
 * once with 1. An exception that nobody caught is logged and exits with 1, unless it comes from a job's handler.
 * @param log where signals and failures are told
 * @param stop finishes what runs and closes what is open; called once
 */
export function onShutdown(log: Logger, stop: () => Promise<void>, options: ShutdownOptions = {}): void {
  const { clock = systemClock, unhandledRejection = "exit" } = options;
  let askedAtMs: number | undefined;

  const onSignal = (signal: NodeJS.Signals): void => {
    if (askedAtMs === undefined) {
      askedAtMs = clock.monotonic();
      log.info({ signal }, "stopping");
      void stopAndExit(log, stop);
    } else if (clock.monotonic() - askedAtMs > REPEATED_SIGNAL_MS) {
      log.warn({ signal }, "stopped at once by a second signal");
      process.exit(1);
    }
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", (error) => {
    // Its job fails of it; its neighbours go on.
    if (isStrayOfJob()) return;
    log.fatal({ err: error }, "exception that nobody caught");
    process.exit(1);
  });
  process.on("unhandledRejection", (reason) => {
    if (isStrayOfJob()) return;
    if (unhandledRejection === "log") {
      log.error({ err: reason }, "rejection that nobody handled");
      return;
    }
    log.fatal({ err: reason }, "rejection that nobody handled");
    process.exit(1);
  });
}

async function stopAndExit(log: Logger, stop: () => Promise<void>): Promise<void> {
  try {
    await stop();
    log.info("stopped");
    process.exit(0);
  } catch (error) {
    log.fatal({ err: error }, "could not stop in order");
    process.exit(1);
  }
}
