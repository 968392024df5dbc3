// A process that opens each database it is told of, adds a job and closes it again.
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { newJob } from "../../conformance/new-jobs.ts";

async function addJob(path: string): Promise<void> {
  const store = await openSqliteStore({ path });
  await store.enqueue([newJob()], { durability: "full" });
  await store.close();
  process.send?.(`opened ${path}`);
}

process.on("message", (path: string) => void addJob(path));
process.send?.("ready");
