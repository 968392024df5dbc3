import { answer, answerAndEnd } from "./task.ts";

/** A database server that runs for the benchmark. */
export interface RunningServer {
  readonly version: string;
  /** Empties it; returns the address to work at. */
  fresh(): Promise<string>;
  /** Resolves once its process has ended. */
  stop(): Promise<void>;
}

/**
 * Owns a server for the benchmark: starts it, empties it when asked, and stops it when the channel closes, however the
 * benchmark ended. A server that can't be started is answered with the reason.
 */
export async function serve(start: () => Promise<RunningServer>): Promise<void> {
  // Ctrl-C reaches every process of a terminal at once; this one goes on until its caller is done with the server.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  const closed = new Promise<void>((resolve) => void process.once("disconnect", resolve));
  let server: RunningServer;
  try {
    server = await start();
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it did not start";
    return answerAndEnd({ reason });
  }
  const failed = Promise.withResolvers<never>();
  let emptying: Promise<void> | undefined;
  process.on("message", () => {
    emptying = server.fresh().then((place) => answer({ place }), failed.reject);
  });
  answer({ version: server.version });
  try {
    await Promise.race([closed, failed.promise]);
    // A statement that a stop cuts off would fail, and this process with it, before its server has ended.
    await emptying;
  } finally {
    await server.stop();
  }
  // What a library left open keeps no process alive that has nothing more to do.
  process.exit();
}
