// Another program on the same file: holds the write lock from one message to the next.
import { once } from "node:events";
import Database from "better-sqlite3";

const [, , path = ""] = process.argv;
const database = new Database(path);
process.send?.("ready");
await once(process, "message");
database.exec("BEGIN IMMEDIATE");
process.send?.("locked");
await once(process, "message");
database.exec("ROLLBACK");
database.close();
process.disconnect();
