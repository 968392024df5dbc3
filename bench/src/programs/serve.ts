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
  process.on("message", () => {
    void server.fresh().then((place) => answer({ place }));
  });
  answer({ version: server.version });
  await closed;
  await server.stop();
  // What a library left open keeps no process alive that has nothing more to do.
  process.exit();
}
