import { expect, it } from "vitest";
import { readOutcome, snooze } from "../src/outcome.ts";

it.each([0, -5, 1, 99])("A28: a snooze of %d ms waits 100: no handler spins on its job", (delayMs) => {
  expect(readOutcome(snooze(delayMs))).toEqual({ kind: "snooze", delayMs: 100 });
});

it.each([Number.NaN, undefined, "500"])("A28: a snooze of %j is refused: a mistake is no time", (delayMs) => {
  expect(() => snooze(delayMs as number)).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringMatching(/milliseconds, got /) }),
  );
});

it("A28: a longer snooze waits as long as it says, in whole milliseconds", () => {
  expect(readOutcome(snooze(100.5))).toEqual({ kind: "snooze", delayMs: 101 });
});
