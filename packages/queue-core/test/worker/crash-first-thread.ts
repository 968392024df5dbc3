// Loaded into a process by `--import`, and so into each of its threads: lets the first thread die soon after its start.
import { existsSync, writeFileSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";

if (!isMainThread) {
  const { path } = workerData as { readonly path: string };
  const flag = `${path}.crashed`;
  if (!existsSync(flag)) {
    // By then it has beaten once.
    setTimeout(() => {
      writeFileSync(flag, "");
      throw new Error("the thread dies");
    }, 400);
  }
}
