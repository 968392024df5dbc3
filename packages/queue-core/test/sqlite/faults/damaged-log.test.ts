import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createQueue } from "../../../src/index.ts";
import { openSqliteStore } from "../../../src/sqlite/index.ts";
import { FakeClock, seededRandom, seedOfRun } from "../../../src/testing/index.ts";
import { JOB_TYPES } from "../../conformance/job-types.ts";
import { isFullSize, reportFigures } from "../../fault-figures.ts";
import { ChildProcess } from "../child-process.ts";
import { findFaults } from "../invariants.ts";
import { createFolder, NOTE_TABLES, readDatabase } from "../sqlite-test-database.ts";
import { fingerprint, takeKnownSteps } from "./known-steps.ts";

const STEPS = 60;
const IMAGES = isFullSize ? 300 : 20;

let folder: ReturnType<typeof createFolder>;
beforeEach(() => {
  folder = createFolder();
});
afterEach(() => folder.remove());

/** What a killed process leaves, and how the database stood after each of its commits. */
interface Image {
  readonly database: Buffer;
  readonly log: Buffer;
  readonly states: ReadonlyMap<string, number>;
}

async function makeImage(checkpointAfter: number): Promise<Image> {
  const reference = join(folder.path, "reference.db");
  const states = new Map<string, number>();
  const store = await takeKnownSteps(reference, { steps: STEPS, checkpointAfter }, (step) =>
    states.set(fingerprint(reference), step),
  );
  await store.close();
  const path = join(folder.path, "killed.db");
  const script = new URL("./known-steps-process.ts", import.meta.url);
  const child = await ChildProcess.start(script, [path, String(STEPS), String(checkpointAfter)]);
  expect((await child.exit()).code).toBeNull();
  return { database: readFileSync(path), log: readFileSync(`${path}-wal`), states };
}

const WAL_HEADER = 32;
const FRAME = 24 + 4_096;

type Damage = readonly [kind: string, damage: (log: Buffer, random: () => number) => Buffer];

const anywhere = (log: Buffer, random: () => number): number => Math.floor(random() * log.length);

/** What a torn write, a lost sector or a flipped bit makes of a log. */
const DAMAGES: readonly Damage[] = [
  ["cut off", (log, random) => log.subarray(0, anywhere(log, random))],
  [
    "a byte changed",
    (log, random) => {
      const at = anywhere(log, random);
      return alter(log, at, 1, (byte) => byte ^ (1 + Math.floor(random() * 255)));
    },
  ],
  [
    "a byte of a header changed",
    (log, random) => {
      const frames = Math.floor((log.length - WAL_HEADER) / FRAME);
      const frame = Math.floor(random() * (frames + 1));
      const at = frame === 0 ? random() * WAL_HEADER : WAL_HEADER + (frame - 1) * FRAME + random() * 24;
      return alter(log, Math.floor(at), 1, (byte) => byte ^ (1 << Math.floor(random() * 8)));
    },
  ],
  ["a sector of zeros", (log, random) => alter(log, sector(log, random), 512, () => 0)],
  ["a frame of zeros", (log, random) => alter(log, sector(log, random), FRAME, () => 0)],
  ["zeros from here on", (log, random) => alter(log, sector(log, random), log.length, () => 0)],
];

const sector = (log: Buffer, random: () => number): number => Math.floor(anywhere(log, random) / 512) * 512;

function alter(log: Buffer, from: number, length: number, change: (byte: number) => number): Buffer {
  const damaged = Buffer.from(log);
  for (let at = from; at < Math.min(from + length, log.length); at += 1)
    damaged.writeUInt8(change(damaged.readUInt8(at)), at);
  return damaged;
}

/** Opens a damaged image, closes it again and says after which commit it stands; then uses it. */
async function stepOf(path: string, image: Image, log: Buffer): Promise<number | undefined> {
  writeFileSync(path, image.database);
  writeFileSync(`${path}-wal`, log);
  const open = () => openSqliteStore({ path, clock: new FakeClock(), migrations: [NOTE_TABLES] });
  await (await open()).close();
  const step = image.states.get(fingerprint(path));
  expect(readDatabase(path, findFaults)).toEqual([]);
  const store = await open();
  const queue = createQueue({ store, jobs: JOB_TYPES });
  const { id } = await queue.enqueue("mail", { n: 1 }, { priority: 100 });
  const claimed = await queue.dequeue("worker-3");
  expect(claimed?.id).toBe(id);
  if (claimed) await queue.completeJob(claimed);
  await store.close();
  expect(readDatabase(path, findFaults)).toEqual([]);
  return step;
}

describe("a database whose log is damaged", { timeout: 600_000 }, () => {
  it.each([
    ["never been copied into it", 0],
    ["been copied and begun anew", 30],
  ])("stands after one of its commits, when the log has %s", async (_, checkpointAfter) => {
    const seed = seedOfRun("damaged-log");
    const random = seededRandom(seed);
    const image = await makeImage(checkpointAfter);
    expect(await stepOf(join(folder.path, "sound.db"), image, image.log)).toBe(STEPS);
    const steps: number[] = [];
    for (let n = 0; n < IMAGES; n += 1) {
      const [kind, damage] = DAMAGES[n % DAMAGES.length] ?? ["none", (log: Buffer) => log];
      const step = await stepOf(join(folder.path, `${n}.db`), image, damage(image.log, random));
      expect([n, kind, step], "the image stands after one of the commits").toEqual([
        n,
        kind,
        expect.any(Number),
      ]);
      steps.push(step ?? -1);
    }
    // What was copied before is safe from whatever happens to the log.
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(checkpointAfter);
    expect(Math.min(...steps)).toBeLessThan(STEPS);
    reportFigures({
      fault: checkpointAfter ? "a damaged log, begun anew after a checkpoint" : "a damaged log",
      size: `${IMAGES} images of ${STEPS} commits`,
      seed,
      saw: {
        "not as after one of the commits": steps.filter((step) => step < 0).length,
        "commits left": `${Math.min(...steps)} to ${Math.max(...steps)}`,
      },
    });
  });
});
