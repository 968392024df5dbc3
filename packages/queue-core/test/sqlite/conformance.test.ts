import { describeStore } from "../conformance/store-conformance.ts";
import { createSqliteDatabase } from "./sqlite-test-database.ts";

describeStore("SQLite", createSqliteDatabase);
