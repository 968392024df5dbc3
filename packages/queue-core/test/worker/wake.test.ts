import { expect, it } from "vitest";
import { Wake } from "../../src/worker/wake.ts";

const EVER_MS = 600_000;

it("a ring ends a wait", async () => {
  const wake = new Wake();
  const waiting = wake.wait(EVER_MS);
  wake.ring();
  await expect(waiting).resolves.toBeUndefined();
});

it("a ring while nobody waits is kept for the next wait, once", async () => {
  const wake = new Wake();
  wake.ring();
  wake.ring();
  await wake.wait(EVER_MS);
  let over = false;
  const second = wake.wait(EVER_MS).then(() => {
    over = true;
  });
  // What a kept ring would end is over within a turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  expect(over).toBe(false);
  wake.ring();
  await second;
  expect(over).toBe(true);
});

it("a wait ends by itself when its time is over", async () => {
  await expect(new Wake().wait(1)).resolves.toBeUndefined();
});
