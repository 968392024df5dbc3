import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { SAMPLE_EVERY_MS, type SoakSample } from "./soak-jobs.ts";

const MEGABYTE = 1_048_576;
const SCRIPT = fileURLToPath(new URL("./soak-process.ts", import.meta.url));
const MINUTES = isFullSize ? Number(process.env.HOLDFAST_SOAK_MINUTES ?? 30) : 0.1;
const PER_SECOND = 400;

interface SoakChild {
  readonly process: ChildProcess;
  readonly samples: SoakSample[];
}

let folder: string;
let path: string;
const children: SoakChild[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-soak-"));
  path = join(folder, "jobs.db");
});
afterEach(() => {
  for (const child of children.splice(0)) child.process.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function start(role: "worker" | "owner"): SoakChild {
  const args = ["--conditions=source", "--disable-warning=ExperimentalWarning"];
  const process_ = spawn(process.execPath, [...args, SCRIPT, path, role, String(PER_SECOND)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const child: SoakChild = { process: process_, samples: [] };
  createInterface({ input: process_.stdout }).on("line", (line) => child.samples.push(JSON.parse(line)));
  children.push(child);
  return child;
}

async function stop({ process }: SoakChild): Promise<void> {
  process.kill("SIGTERM");
  expect(await once(process, "exit")).toEqual([0, null]);
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** The middle one of the values in a part of a series: from one fraction of it to another. */
function middleOf(series: readonly number[], from: number, to: number): number {
  const part = series.slice(Math.floor(series.length * from), Math.ceil(series.length * to));
  return part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? Number.NaN;
}

/** How much of what it was in its second quarter a series is in its last one. */
const growth = (series: readonly number[]): number => middleOf(series, 0.75, 1) / middleOf(series, 0.25, 0.5);

it(
  `under steady load for ${MINUTES} minutes memory, file and log stay bounded, and nothing is left behind`,
  async () => {
    const [owner, ...workers] = [start("owner"), start("worker"), start("worker")];
    // Until then the file is filling: nothing is old enough to be pruned.
    const soaked = PER_SECOND * 6;
    await expect
      .poll(() => owner.samples.at(-1)?.done ?? 0, { timeout: 60_000, interval: 200 })
      .toBeGreaterThan(soaked);
    const fileBytes: number[] = [];
    const logBytes: number[] = [];
    const rssBytes: number[] = [];
    const looks = (MINUTES * 60_000) / SAMPLE_EVERY_MS;
    for (let look = 0; look < looks; look += 1) {
      await sleep(SAMPLE_EVERY_MS);
      fileBytes.push(sizeOf(path));
      logBytes.push(sizeOf(`${path}-wal`));
      rssBytes.push(children.reduce((sum, { samples }) => sum + (samples.at(-1)?.rssBytes ?? 0), 0));
    }
    await stop(owner);
    const pending = (): unknown => {
      const database = new Database(path, { readonly: true });
      const left = database
        .prepare("SELECT count(*) FROM jobs WHERE status NOT IN ('completed')")
        .pluck()
        .get();
      database.close();
      return left;
    };
    await expect.poll(pending, { timeout: 60_000, interval: 200 }).toBe(0);
    for (const worker of workers) await stop(worker);

    const added = owner.samples.at(-1)?.done ?? 0;
    expect(workers.reduce((sum, { samples }) => sum + (samples.at(-1)?.done ?? 0), 0)).toBe(added);
    expect(Math.max(...logBytes)).toBeLessThan(64 * MEGABYTE);
    // What is pruned is used again: the file is as long as a few seconds of jobs need, however many there were.
    expect(growth(fileBytes)).toBeLessThan(1.2);
    expect(growth(rssBytes)).toBeLessThan(1.5);
    const database = new Database(path);
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    database.close();

    const claimsMs = workers.flatMap(({ samples }) => samples.flatMap(({ claimP99Ms }) => claimP99Ms ?? []));
    reportFigures({
      fault: "Steady load for a long time",
      size: `${MINUTES} min, ${PER_SECOND} jobs/s, 2 workers, one in 20 fails once`,
      saw: {
        jobs: added,
        "left behind": 0,
        "longest log": `${Math.round(Math.max(...logBytes) / MEGABYTE)} MB`,
        "file, last quarter against second": growth(fileBytes).toFixed(2),
        "memory, last quarter against second": growth(rssBytes).toFixed(2),
        "claim p99, last quarter against second": growth(claimsMs).toFixed(2),
        "claim p99": `${middleOf(claimsMs, 0, 1).toFixed(1)} ms`,
      },
    });
  },
  (MINUTES + 3) * 60_000,
);
