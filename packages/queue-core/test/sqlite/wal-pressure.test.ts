import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pauseAfter, WalPressure } from "../../src/sqlite/wal-pressure.ts";
import { FakeClock } from "../../src/testing/index.ts";
import { createFolder } from "./sqlite-test-database.ts";

const MEGABYTE = 1_048_576;

describe("the pause after a commit", () => {
  it("is as long as adding its bytes takes at a rate that fills the room left in a minute", () => {
    expect(pauseAfter(10_000, 6 * MEGABYTE)).toBeCloseTo(95.4, 1);
    expect(pauseAfter(10_000, 12 * MEGABYTE)).toBeCloseTo(47.7, 1);
    expect(pauseAfter(5_000, 12 * MEGABYTE)).toBeCloseTo(23.8, 1);
  });

  it("is none for a commit that made the log no longer", () => {
    expect(pauseAfter(0, 0)).toBe(0);
    expect(pauseAfter(-MEGABYTE, MEGABYTE)).toBe(0);
  });

  it("never stops the queue, however long the log", () => {
    expect(pauseAfter(MEGABYTE, 1)).toBe(500);
    expect(pauseAfter(1, 0)).toBe(500);
    expect(pauseAfter(1, -900 * MEGABYTE)).toBe(500);
  });
});

describe("the pressure of a long log", () => {
  const clock = new FakeClock();
  let folder: ReturnType<typeof createFolder>;
  let log: string;
  let pressure: WalPressure;

  beforeEach(() => {
    folder = createFolder();
    log = join(folder.path, "jobs.db-wal");
    writeFileSync(log, "");
    pressure = new WalPressure(join(folder.path, "jobs.db"), clock);
  });
  afterEach(() => folder.remove());

  /** A transaction that begins with a log so long, and ends with one so long. */
  function commit(bytesBefore: number, bytesAfter: number): void {
    truncateSync(log, bytesBefore);
    clock.advance(1_000);
    pressure.pauseMs();
    pressure.began();
    truncateSync(log, bytesAfter);
    pressure.committed();
  }

  it("is none as long as checkpoints keep up", () => {
    commit(0, 24 * MEGABYTE);
    expect(pressure.pauseMs()).toBe(0);
  });

  it("holds whoever made the log longer, for what it added and no longer", () => {
    commit(44 * MEGABYTE - 10_000, 44 * MEGABYTE);
    expect(pressure.pauseMs()).toBeCloseTo(pauseAfter(10_000, 20 * MEGABYTE));
    clock.advance(10);
    expect(pressure.pauseMs()).toBeCloseTo(pauseAfter(10_000, 20 * MEGABYTE) - 10);
    clock.advance(100);
    expect(pressure.pauseMs()).toBe(0);
  });

  it("ends with the log that caused it", () => {
    commit(63 * MEGABYTE, 64 * MEGABYTE);
    expect(pressure.pauseMs()).toBe(500);
    truncateSync(log, 0);
    clock.advance(20);
    expect(pressure.pauseMs()).toBe(0);
  });

  it("is none where there is no log", () => {
    const none = new WalPressure(join(folder.path, "other.db"), clock);
    expect(none.pauseMs()).toBe(0);
  });
});
