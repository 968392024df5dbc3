import { expect, it } from "vitest";
import { inRounds, runsOf } from "../src/rounds.ts";

const bench = { size: "quick", say: () => {} } as const;

it("measures all contestants in each round before the next begins", async () => {
  const order: string[] = [];
  const contestant = (name: string) => async () => order.push(name);
  const runs = await inRounds(bench, { raw: contestant("raw"), holdfast: contestant("holdfast") });
  expect(order).toEqual(["raw", "holdfast", "raw", "holdfast", "raw", "holdfast"]);
  expect(runs).toEqual({ raw: [1, 3, 5], holdfast: [2, 4, 6] });
});

it("refuses the figures of who was not measured", () => {
  expect(() => runsOf({ raw: [1] }, "plainjob")).toThrow('"plainjob" was not measured');
});
