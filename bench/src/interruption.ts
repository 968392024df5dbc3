/** The benchmark was told to stop. */
export class BenchInterruptedError extends Error {
  readonly code = "BENCH_INTERRUPTED";
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs `work` until it ends or this process is told to stop; then the exit code says by what.
 * Signals after the first change nothing: cleaning up takes a second and must not be cut short.
 * @throws {BenchInterruptedError} at the first signal, while `work` may still be at it
 */
export async function untilInterrupted<Result>(work: () => Promise<Result>): Promise<Result> {
  const interrupted = Promise.withResolvers<never>();
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      process.exitCode ??= exitCode;
      interrupted.reject(new BenchInterruptedError(`stopped by ${signal}`));
    });
  }
  return await Promise.race([work(), interrupted.promise]);
}
