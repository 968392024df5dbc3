/** The task that a program was started with. */
export function readTask<Task>(): Task {
  const [, , text] = process.argv;
  if (text === undefined) throw new Error("A program of the benchmark is started by the benchmark");
  // Program and caller are written as a pair.
  return JSON.parse(text) as Task;
}

/** Says so to the benchmark, if it still listens. */
export function answer(message: object): void {
  if (process.connected) process.send?.(message);
}

/** Sends the one answer of a program that measures itself, and ends it. */
export function answerAndEnd(message: object): void {
  if (process.connected) process.send?.(message, () => process.disconnect());
}

/** How long `work` takes, in seconds. */
export async function timed(work: () => void | Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
