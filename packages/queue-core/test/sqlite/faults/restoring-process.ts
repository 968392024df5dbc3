// A process that restores a backup, until it is done or killed.
import { restoreDatabase } from "../../../src/sqlite/index.ts";

const [, , from = "", to = ""] = process.argv;
process.send?.("ready");
await restoreDatabase({ from, to });
process.send?.("restored");
process.disconnect();
