import { createQueue, type JobStore, type Queue } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { jobs } from "./jobs.ts";

export interface Opened extends AsyncDisposable {
  readonly store: JobStore;
  readonly queue: Queue<typeof jobs>;
}

export async function openQueue(path: string): Promise<Opened> {
  const store = await openSqliteStore({ path });
  const queue = createQueue({ store, jobs });
  return { store, queue, [Symbol.asyncDispose]: () => store.close() };
}
