// A scheduler beside others: `scheduling-process.ts <database>`. Each message is a time, in milliseconds since 1970
// UTC: it sets its clock to it, takes the slots that are due by then, and sends the time back.
import { createQueue } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { FakeClock } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";

const [, , path = ""] = process.argv;
const clock = new FakeClock();
const store = await openSqliteStore({ path, clock });
const queue = createQueue({ store, jobs: JOB_TYPES, clock });

process.on("message", (message) => {
  clock.setWall(Number(message));
  void queue.runDueCronJobs().then(() => process.send?.(message));
});
process.send?.("ready");
