// A process that has the store open, and ends only if it is told to or if it is told that its file was replaced: a
// refused write alone does not end it. Of each job that was acknowledged it appends the id to a witness file.
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { StoreRefusedError } from "../../../src/errors.ts";
import { createQueue } from "../../../src/queue.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";

const [, , path = "", witness = "", writes = "idle"] = process.argv;
process.on("uncaughtException", (error) => process.exit(error instanceof StoreRefusedError ? 1 : 2));
const store = await openSqliteStore({ path });
const queue = createQueue({ store, jobs: JOB_TYPES });
let stopping = false;
const asked = once(process, "message").then(() => {
  stopping = true;
});
process.send?.("ready");
if (writes !== "idle") {
  const durability = writes === "full" ? "full" : "normal";
  for (let n = 0; !stopping; n += 1) {
    try {
      const { id } = await queue.enqueue("mail", { n }, { durability });
      appendFileSync(witness, `${id}\n`);
    } catch (error) {
      if (error instanceof StoreRefusedError) break;
      throw error;
    }
    if (n === 0) process.send?.("writing");
    await turn();
  }
}
await asked;
await store.close();
process.disconnect();
