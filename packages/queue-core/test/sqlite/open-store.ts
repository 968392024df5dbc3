// A process that opens the database when it is told to, adds a job and closes it again.
import { once } from "node:events";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { newJob } from "../conformance/new-jobs.ts";

const [, , path = ""] = process.argv;
process.send?.("ready");
await once(process, "message");
const store = await openSqliteStore({ path });
await store.enqueue([newJob()], { durability: "full" });
await store.close();
process.send?.("opened");
process.disconnect();
