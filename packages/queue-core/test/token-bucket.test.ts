import { describe, expect, it } from "vitest";
import { seededRandom } from "../src/testing/seeded-random.ts";
import {
  fullAtAfter,
  isTooFarAhead,
  nextTokenInMs,
  type TokenBucket,
  tokensIn,
} from "../src/token-bucket.ts";

const NOW_MS = Date.UTC(2026, 0, 1);
const rate = { limit: 2, periodMs: 1_000, burst: 3 };
const full: TokenBucket = { rate, fullAtUs: 0 };
const take = (bucket: TokenBucket, nowMs: number, tokens: number): TokenBucket => ({
  ...bucket,
  fullAtUs: fullAtAfter(bucket, nowMs, tokens),
});

describe("a bucket of tokens", () => {
  it("holds the burst, and fills at the rate", () => {
    expect(tokensIn(full, NOW_MS)).toBe(3);
    const empty = take(full, NOW_MS, 3);
    expect([0, 499, 500, 1_000, 1_500, 60_000].map((ms) => tokensIn(empty, NOW_MS + ms))).toEqual([
      0, 0, 1, 2, 3, 3,
    ]);
  });

  it("says when the next token comes", () => {
    expect(nextTokenInMs(full, NOW_MS)).toBe(0);
    const empty = take(full, NOW_MS, 3);
    expect(nextTokenInMs(empty, NOW_MS)).toBe(500);
    expect(nextTokenInMs(empty, NOW_MS + 200)).toBe(300);
    expect(nextTokenInMs(empty, NOW_MS + 500)).toBe(0);
  });

  it("is empty at most as long as it takes to fill after the clock was set back", () => {
    const empty = take(full, NOW_MS, 3);
    const hourBefore = NOW_MS - 3_600_000;
    expect(tokensIn(empty, hourBefore)).toBe(0);
    expect(nextTokenInMs(empty, hourBefore)).toBe(500);
    expect(isTooFarAhead(empty, NOW_MS)).toBe(false);
    expect(isTooFarAhead(empty, hourBefore)).toBe(true);
    expect(tokensIn(take(empty, hourBefore, 0), hourBefore + 1_500)).toBe(3);
  });

  it("never gives more than the burst and the rate over any span of time, nor less over a long one", () => {
    const random = seededRandom(7);
    const uneven = { limit: 7, periodMs: 1_000, burst: 4 };
    let bucket: TokenBucket = { rate: uneven, fullAtUs: 0 };
    const starts: number[] = [];
    for (let nowMs = NOW_MS; starts.length < 2_000; nowMs += Math.floor(random() * 300)) {
      const tokens = tokensIn(bucket, nowMs);
      const taken = Math.floor(random() * (tokens + 1));
      bucket = take(bucket, nowMs, taken);
      for (let i = 0; i < taken; i += 1) starts.push(nowMs);
    }
    for (let from = 0; from < starts.length; from += 1) {
      for (let to = from; to < Math.min(from + 50, starts.length); to += 1) {
        const spanMs = (starts[to] ?? 0) - (starts[from] ?? 0);
        expect(to - from + 1).toBeLessThanOrEqual(4 + (spanMs * 7) / 1_000);
      }
    }
    let greedy: TokenBucket = { rate: uneven, fullAtUs: 0 };
    let count = 0;
    for (let nowMs = NOW_MS; nowMs < NOW_MS + 60_000; nowMs += 1) {
      const tokens = tokensIn(greedy, nowMs);
      greedy = take(greedy, nowMs, tokens);
      count += tokens;
    }
    expect(count).toBeGreaterThanOrEqual(7 * 60);
  });
});
