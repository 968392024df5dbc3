import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import type { AppProcess } from "../system/app-process.ts";
import { type Answer, type OrderView, Pipeline } from "../system/pipeline.ts";
import { until } from "../system/until.ts";

// Orders that the full disk cut short are closed by a job that runs each minute.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

const DISK_MEGABYTES = 16;
const ROUNDS = isFullSize ? 5 : 1;
/** By then the write-ahead log has met the end of the disk: each order adds several of its pages. */
const ORDERS_AT_MOST = 25;

const canMount = mountedOnce();
let pipeline: Pipeline;
/** Mail and invoices are no matter of the database: they have room all the time. */
let files: string;

/** Whether a small disk can be had here: it takes the right to mount one. */
function mountedOnce(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-disk-"));
  try {
    if (!mount(folder)) return false;
    return spawnSync("umount", [folder]).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mount(folder: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MEGABYTES}m`, "tmpfs", folder]).status === 0;
}

beforeEach(async () => {
  files = mkdtempSync(join(tmpdir(), "holdfast-files-"));
  pipeline = await Pipeline.create({ DATA_DIR: files, INVOICE_DIR: join(files, "invoices") });
});

afterEach(async () => {
  await pipeline.stop();
  spawnSync("umount", [pipeline.folder]);
  await pipeline.dispose();
  rmSync(files, { recursive: true, force: true });
});

/** Writes until nothing fits any more; returns what frees the disk again. */
function fillDisk(): () => void {
  const path = join(pipeline.folder, "filler");
  const file = openSync(path, "w");
  for (const bytes of [1_048_576, 4_096]) {
    const block = Buffer.alloc(bytes);
    try {
      while (writeSync(file, block) === bytes);
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOSPC" });
    }
  }
  closeSync(file);
  return () => rmSync(path);
}

function placeOrder(n: number): Promise<Answer<OrderView>> {
  return pipeline.postOrder({
    userId: `user-${n}`,
    items: [{ productId: "prod-2", quantity: 1 }],
    paymentToken: "tok_ok",
  });
}

function ordersIn(...states: readonly string[]): readonly string[] {
  const marks = states.map(() => "?").join(", ");
  return pipeline
    .rows<{ id: string }>(`SELECT id FROM orders WHERE status IN (${marks})`, ...states)
    .map(({ id }) => id);
}

/** Places orders until the disk refuses one; each is acknowledged or refused with the reason. */
async function placeUntilRefused(acknowledged: string[]): Promise<number> {
  for (let n = 0; n < ORDERS_AT_MOST; n++) {
    const { status, body, headers } = await placeOrder(n);
    if (status === 503) {
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      return 1;
    }
    expect([201, 202]).toContain(status);
    acknowledged.push(body.id);
  }
  return 0;
}

it("R22: a full disk refuses orders and loses none; freed, all goes on without a restart", async (context) => {
  context.skip(!canMount, "no small disk can be mounted here: that takes the right to mount a tmpfs");
  expect(mount(pipeline.folder)).toBe(true);
  const apps: AppProcess[] = [];
  for (const name of ["api", "scheduler", "worker"] as const) apps.push(await pipeline.start(name));
  const acknowledged: string[] = [];
  let refusals = 0;
  for (let round = 0; round < ROUNDS; round++) {
    acknowledged.push((await placeOrder(0)).body.id);
    const free = fillDisk();
    refusals += await placeUntilRefused(acknowledged);
    expect((await pipeline.api<{ status: string }>("GET", "/products")).status).toBe(200);
    free();
    const after = await until(async () => {
      const answer = await placeOrder(0);
      return answer.status === 201 && answer;
    }, "an order to be taken after the disk was freed");
    acknowledged.push(after.body.id);
  }
  expect(refusals).toBe(ROUNDS);
  await until(
    () => ordersIn("pending", "payment_unknown", "paid").length === 0,
    () => `every order to be closed\n${pipeline.tail()}`,
    240_000,
  );
  const completed = new Set(ordersIn("completed"));
  expect(acknowledged.filter((id) => !completed.has(id))).toEqual([]);
  expect(pipeline.rows("SELECT stock, reserved FROM products WHERE id = 'prod-2'")).toEqual([
    { stock: 100 - completed.size, reserved: 0 },
  ]);
  expect(pipeline.rows("SELECT original_job_id, last_error FROM dead_letter_jobs")).toEqual([]);
  expect(pipeline.rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(apps.every(({ isRunning }) => isRunning)).toBe(true);
  reportFigures({
    fault: "disk full and freed, API, scheduler and worker running",
    size: `${ROUNDS} times, ${acknowledged.length} orders acknowledged`,
    saw: { refused: refusals, lost: 0, "restarts needed": 0 },
  });
});
