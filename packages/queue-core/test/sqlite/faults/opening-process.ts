// A process that opens each database it is told of, adds a job and closes it again.
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { newJob } from "../../conformance/new-jobs.ts";

process.on("message", async (path: string) => {
  const store = await openSqliteStore({ path });
  await store.enqueue([newJob()], { durability: "full" });
  await store.close();
  process.send?.(`opened ${path}`);
});
process.send?.("ready");
