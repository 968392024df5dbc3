import { pino } from "pino";
import { expect, it } from "vitest";
import { FaultLog } from "../src/fault-log.ts";

it("a fault that lasts is told once, another one again, and its end once", () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line).msg) });
  const faults = new FaultLog(log);
  faults.works("claiming");
  for (let i = 0; i < 3; i += 1) faults.failed("claiming", new Error("the disk is full"));
  faults.failed("rescuing", new Error("the disk is full"));
  for (let i = 0; i < 3; i += 1) faults.failed("claiming", new Error("the disk is gone"));
  for (let i = 0; i < 3; i += 1) faults.works("claiming");
  expect(lines).toEqual([
    "claiming failed, will try again",
    "rescuing failed, will try again",
    "claiming failed, will try again",
    "claiming works again",
  ]);
});

it("what failed is told with its stack, also where its accessors throw", () => {
  const lines: Record<string, unknown>[] = [];
  const faults = new FaultLog(pino({}, { write: (line) => void lines.push(JSON.parse(line)) }));
  faults.failed("claiming", new Error("the disk is full"));
  const hostile = Object.defineProperty(new Error("hidden"), "message", {
    get: () => {
      throw new Error("no");
    },
  });
  faults.failed("claiming", hostile);
  expect(lines[0]).toMatchObject({ level: 50, error: "Error: the disk is full" });
  expect(lines[0]?.["stack"]).toContain("fault-log.test.ts");
  expect(lines).toHaveLength(2);
});
