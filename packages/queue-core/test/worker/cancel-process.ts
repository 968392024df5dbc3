// An operator's process: `cancel-process.ts <database> <jobId>…` cancels jobs and tells its parent the states answered.
import { openSqliteStore } from "../../src/sqlite/index.ts";

const [path = "", ...jobIds] = process.argv.slice(2);
const store = await openSqliteStore({ path });
const states: string[] = [];
for (const jobId of jobIds) states.push(await store.cancel(jobId));
await store.close();
process.send?.(states);
