import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, readDatabase } from "../sqlite-test-database.ts";
import type { SteadyReport } from "./steady-writer.ts";

const steadyWriter = new URL("./steady-writer.ts", import.meta.url);

let folder: ReturnType<typeof createFolder>;
let path: string;
beforeEach(() => {
  folder = createFolder();
  path = join(folder.path, "jobs.db");
});
afterEach(() => folder.remove());

it.each(isFullSize ? [4, 8] : [4])(
  "%s processes that write without end never see the database busy, and none is left behind",
  async (writers) => {
    const seconds = isFullSize ? 20 : 2;
    const children = await Promise.all(
      Array.from({ length: writers }, () =>
        ChildProcess.start(steadyWriter, [path, "1", String(seconds * 1_000)]),
      ),
    );
    for (const child of children) child.send("go");
    const reports = (await Promise.all(children.map((child) => child.exit()))).map(
      ({ answer }) => answer as SteadyReport,
    );

    expect(reports.flatMap(({ errors }) => errors)).toEqual([]);
    const added = reports.map((report) => report.added);
    const stored = readDatabase(path, (db) => db.prepare("SELECT count(*) FROM job").pluck().get());
    expect(stored).toBe(added.reduce((sum, one) => sum + one, 0));
    const share = Math.min(...added) / Math.max(...added);
    expect(share).toBeGreaterThanOrEqual(0.4);
    expect(readDatabase(path, findFaults)).toEqual([]);
    reportFigures({
      fault: "Processes that write to one file without end",
      size: `${writers} writers, ${seconds} s`,
      saw: {
        "busy errors": 0,
        "slowest of fastest": `${Math.round(share * 100)} %`,
        "longest wait": `${Math.max(...reports.map(({ longestMs }) => longestMs))} ms`,
        "jobs added": added.reduce((sum, one) => sum + one, 0),
      },
    });
  },
  120_000,
);
