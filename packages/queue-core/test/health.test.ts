import { describe, expect, it } from "vitest";
import { DEFAULT_HEALTH_LIMITS, type HealthFacts, judgeHealth } from "../src/health.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

function factsWith({ pending = 0, waitedMs = 0, unreadMs = 0, unreviewed = 0 }): HealthFacts {
  const since = (agoMs: number): Date => new Date(NOW_MS - agoMs);
  const oldestPending = waitedMs === 0 ? null : since(waitedMs);
  const unread =
    unreadMs === 0 ? [] : [{ type: "mail", payloadVersion: 3, keyId: null, since: since(unreadMs) }];
  return { pending, oldestPending, unread, unreviewed };
}

describe("R19: judgeHealth", () => {
  it("finds nothing wrong up to the limits", () => {
    const facts = factsWith({
      pending: 1_000,
      waitedMs: 30 * MINUTE_MS,
      unreadMs: MINUTE_MS,
      unreviewed: 10,
    });
    expect(judgeHealth(facts, NOW_MS)).toEqual({ status: "healthy", issues: [] });
  });

  it.each([
    [{ pending: 1_001 }, /more than 1000 jobs are pending/],
    [{ waitedMs: 30 * MINUTE_MS + 1 }, /oldest pending job has waited 30 min/],
    [{ unreadMs: MINUTE_MS + 1 }, /wait for a worker that can read them: mail \(payload version 3\)/],
    [{ unreviewed: 11 }, /more than 10 dead letters are unreviewed/],
  ])("is degraded by one issue: %j", (past, message) => {
    expect(judgeHealth(factsWith(past), NOW_MS)).toEqual({
      status: "degraded",
      issues: [expect.stringMatching(message)],
    });
  });

  it("is degraded by two issues and unhealthy by three", () => {
    const two = factsWith({ pending: 2_000, unreviewed: 20 });
    expect(judgeHealth(two, NOW_MS)).toMatchObject({ status: "degraded", issues: { length: 2 } });
    const three = factsWith({ pending: 2_000, unreviewed: 20, waitedMs: 60 * MINUTE_MS });
    expect(judgeHealth(three, NOW_MS)).toMatchObject({ status: "unhealthy", issues: { length: 3 } });
  });

  it.each([Number.NaN, -1, undefined as unknown as number])("refuses the limit %s", (unreadMs) => {
    const limits = { ...DEFAULT_HEALTH_LIMITS, unreadMs };
    expect(() => judgeHealth(factsWith({}), NOW_MS, limits)).toThrow(
      `The limit unreadMs of health must be a number from 0, got ${unreadMs}`,
    );
  });

  it("goes by the limits it is given", () => {
    const limits = { ...DEFAULT_HEALTH_LIMITS, pending: 0 };
    expect(judgeHealth(factsWith({ pending: 1 }), NOW_MS, limits).status).toBe("degraded");
  });
});
