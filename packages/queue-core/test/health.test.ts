import { describe, expect, it } from "vitest";
import { DEFAULT_HEALTH_LIMITS, judgeHealth } from "../src/health.ts";
import type { QueueStats } from "../src/stats.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;

function statsWith({ pending = 0, waitedMs = 0, unreviewed = 0 }): QueueStats {
  return {
    queue: {
      pending,
      processing: 0,
      completedLastHour: 0,
      failed: 0,
      oldestPending: waitedMs === 0 ? null : new Date(NOW_MS - waitedMs),
      scheduled: 0,
      waiting: 0,
      processingRatePerMinute: 0,
      failureRate: null,
    },
    deadLetterQueue: { unreviewed },
    byType: [],
  };
}

describe("R19: judgeHealth", () => {
  it("finds nothing wrong up to the limits", () => {
    const stats = statsWith({ pending: 1_000, waitedMs: 30 * MINUTE_MS, unreviewed: 10 });
    expect(judgeHealth(stats, NOW_MS)).toEqual({ status: "healthy", issues: [] });
  });

  it.each([
    [{ pending: 1_001 }, /1001 jobs are pending \(more than 1000\)/],
    [{ waitedMs: 30 * MINUTE_MS + 1 }, /oldest pending job has waited 30 min/],
    [{ unreviewed: 11 }, /11 dead letters are unreviewed \(more than 10\)/],
  ])("is degraded by one issue: %j", (past, message) => {
    expect(judgeHealth(statsWith(past), NOW_MS)).toEqual({
      status: "degraded",
      issues: [expect.stringMatching(message)],
    });
  });

  it("is degraded by two issues and unhealthy by three", () => {
    const two = statsWith({ pending: 2_000, unreviewed: 20 });
    expect(judgeHealth(two, NOW_MS)).toMatchObject({ status: "degraded", issues: { length: 2 } });
    const three = statsWith({ pending: 2_000, unreviewed: 20, waitedMs: 60 * MINUTE_MS });
    expect(judgeHealth(three, NOW_MS)).toMatchObject({ status: "unhealthy", issues: { length: 3 } });
  });

  it("goes by the limits it is given", () => {
    const limits = { ...DEFAULT_HEALTH_LIMITS, pending: 0 };
    expect(judgeHealth(statsWith({ pending: 1 }), NOW_MS, limits).status).toBe("degraded");
  });
});
