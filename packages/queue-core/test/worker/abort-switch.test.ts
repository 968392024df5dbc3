import { expect, it } from "vitest";
import { AbortSwitch } from "../../src/worker/abort-switch.ts";

it("a signal that is asked for before or after tells of the same first reason", () => {
  const abort = new AbortSwitch();
  const early = abort.signal;
  expect([abort.isAborted, early.aborted, abort.reason]).toEqual([false, false, undefined]);
  const [first, second] = [new Error("first"), new Error("second")];
  abort.abort(first);
  abort.abort(second);
  expect([abort.isAborted, abort.reason, early.aborted, early.reason]).toEqual([true, first, true, first]);
  expect(abort.signal).toBe(early);

  const late = new AbortSwitch();
  late.abort(first);
  expect([late.signal.aborted, late.signal.reason]).toEqual([true, first]);
});
