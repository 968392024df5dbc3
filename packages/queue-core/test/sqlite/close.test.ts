import { join } from "node:path";
import { expect, it } from "vitest";
import { createQueue } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import { JOB_TYPES } from "../conformance/job-types.ts";
import { createFolder } from "./sqlite-test-database.ts";

it("a store that is closed still adds each job of a group that one of them has failed", async () => {
  const folder = createFolder();
  for (const durability of ["full", "normal"] as const) {
    const store = await openSqliteStore({ path: join(folder.path, `${durability}.db`) });
    const queue = createQueue({ store, jobs: JOB_TYPES });
    const adding = Array.from({ length: 5 }, (_, n) =>
      queue.enqueue("mail", { n }, { durability, dependsOn: n === 1 ? ["0-0"] : [] }).then(
        () => "added",
        (error: { code: string }) => error.code,
      ),
    );
    await store.close();
    expect(await Promise.all(adding)).toEqual(["added", "JOB_DEPENDENCY_INVALID", "added", "added", "added"]);
  }
  folder.remove();
});
