import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reportFigures } from "../fault-figures.ts";
import { Pipeline } from "../system/pipeline.ts";
import { until } from "../system/until.ts";
import { foreignOpens } from "./sqlite-locks.ts";

/** What shows that a file was opened past the SQLite that has it open, by the file in file-opener.ts. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  "not.db": [],
  "by-sqlite.db": [],
  "read-file.db": ["lost its lock on read-file.db"],
  "read-shared-memory.db": ["lost its lock on read-shared-memory.db-shm"],
  "copy-file.db": ["lost its lock on copy-file.db"],
  "read-stream.db": ["lost its lock on read-stream.db"],
  "log-left-open.db": ["has log-left-open.db-wal open past SQLite"],
  "by-another-sqlite.db": ["lost its lock on by-another-sqlite.db"],
};

const withoutLocks = !existsSync("/proc/locks");

it.skipIf(withoutLocks)(
  "a process's locks tell when its database was opened past SQLite (skipped where there is no /proc/locks)",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-opener-"));
    const child = fork(new URL("./file-opener.ts", import.meta.url), [folder], {
      execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning"],
    });
    const [names] = (await once(child, "message")) as [readonly string[]];
    const found = names.map((name) => {
      const faults = foreignOpens(child.pid ?? 0, join(folder, name));
      return [name, faults.map((fault) => fault.replace(`${folder}/`, ""))];
    });
    child.send("end");
    await once(child, "exit");
    rmSync(folder, { recursive: true });
    expect(Object.fromEntries(found)).toEqual(FOREIGN);
  },
);

describe("the four apps", { timeout: 240_000 }, () => {
  let pipeline: Pipeline;
  beforeEach(async () => {
    // No invoice is finished: the worker still holds a job when the database goes.
    pipeline = await Pipeline.create({ SIM_PDF_MS: "100000" });
  });
  afterEach(() => pipeline.dispose());

  it("open the database through SQLite alone, and end when it is deleted", async () => {
    const apps = await pipeline.startAll();
    const order = { items: [{ productId: "prod-2", quantity: 1 }], paymentToken: "tok_ok" };
    const { body } = await pipeline.postOrder({ userId: "ada", ...order });
    const statusOf = async (type: string): Promise<string | undefined> =>
      (await pipeline.order(body.id)).jobs.find((job) => job.type === type)?.status;
    await until(
      async () =>
        (await statusOf("send_order_confirmation")) === "completed" &&
        (await statusOf("generate_invoice")) === "processing",
      () => `the mail sent and the invoice under way\n${pipeline.tail()}`,
    );
    for (const path of ["/products", "/health", "/ready", "/metrics"]) {
      const answer = await fetch(`${pipeline.apiUrl}${path}`);
      expect([path, answer.status]).toEqual([path, 200]);
    }
    for (const path of ["/queue/stats", "/jobs", "/dead-letters", "/schedules"])
      await pipeline.admin("GET", `/admin${path}`);
    const path = join(pipeline.folder, "shop.db");
    const all = Object.values(apps);
    const opened = all.flatMap(({ name, pid }) =>
      withoutLocks ? [] : foreignOpens(pid, path).map((fault) => `${name} ${fault}`),
    );
    expect(opened).toEqual([]);

    rmSync(path);
    await until(
      () => all.every(({ isRunning }) => !isRunning),
      () => `all four ended\n${pipeline.tail()}`,
    );
    for (const app of all) {
      const said = await app.logged(
        "the database was replaced, or migrated by a newer program, while it was open",
      );
      expect([app.name, said.level, await app.end("SIGKILL")]).toEqual([app.name, "fatal", 1]);
    }
    reportFigures({
      fault: "the database deleted under the four apps",
      size: "one time, a job running",
      saw: { "apps still running": all.filter(({ isRunning }) => isRunning).length },
    });
  });
});
