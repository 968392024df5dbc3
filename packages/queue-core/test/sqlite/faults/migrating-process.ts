// A process that migrates a database, and kills itself at the statement it is told to. The migrations call `step(n)`
// between their statements, a function that only this process has.
import { pathToFileURL } from "node:url";
import { systemClock } from "../../../src/clock.ts";
import { Connection } from "../../../src/sqlite/connection.ts";
import { migrate } from "../../../src/sqlite/migrate.ts";
import { prepareConnection } from "../../../src/sqlite/start-up-gate.ts";

const [, , path = "", directory = "", killAt = ""] = process.argv;
const die = (): void => {
  process.kill(process.pid, "SIGKILL");
};
process.send?.("ready");
const connection = new Connection(path);
connection.database.function("step", (n: number) => {
  if (n === Number(killAt)) die();
  return n;
});
prepareConnection(connection, "FULL");
await migrate(connection, [{ scope: "shop", directory: pathToFileURL(directory) }], systemClock, 10_000);
// Killed once it has committed, but not closed.
if (killAt === "end") die();
connection.close();
process.disconnect();
