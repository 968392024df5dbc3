import { describe, expect, it } from "vitest";
import { z } from "zod";
import { indexCatalog } from "../src/catalog.ts";
import { defineJob, exponential, PRIORITY } from "../src/define.ts";

const payload = z.object({});

describe("defineJob", () => {
  it("R5: gives 5 attempts with linear backoff of 30 s, NORMAL priority and 600 s to run", () => {
    const { retry, ...rest } = defineJob("mail", { payload });
    expect(rest).toEqual({
      type: "mail",
      payload,
      priority: PRIORITY.NORMAL,
      timeoutMs: 600_000,
      expireAfterMs: null,
      limit: null,
    });
    expect(retry.attempts).toBe(5);
    expect(retry.backoff.kind).toBe("linear");
    expect(retry.backoff.boundMs(2)).toBe(60_000);
  });

  it("takes what it is told", () => {
    const backoff = exponential({ firstMs: 1, maxMs: 2 });
    const onDead = (): [] => [];
    const shouldRetry = (): boolean => false;
    expect(
      defineJob("mail", {
        payload,
        priority: 20,
        retry: { attempts: 1, backoff, shouldRetry },
        timeoutMs: 1,
        expireAfterMs: 1,
        limit: "email",
        onDead,
      }),
    ).toEqual({
      type: "mail",
      payload,
      priority: 20,
      retry: { attempts: 1, backoff, shouldRetry },
      timeoutMs: 1,
      expireAfterMs: 1,
      limit: "email",
      onDead,
    });
  });

  it.each(["", "Mail", "1mail", "send mail", "mail/now", "a".repeat(101), "mail\n"])(
    "refuses the name %j",
    (name) => {
      expect(() => defineJob(name, { payload })).toThrow(
        expect.objectContaining({ code: "JOB_DEFINITION_INVALID" }),
      );
    },
  );

  it.each([
    [{ priority: 101 }, /priority .*101/],
    [{ priority: -101 }, /priority .*-101/],
    [{ priority: 0.5 }, /priority .*0\.5/],
    [{ retry: { attempts: 0 } }, /attempts .*0/],
    [{ retry: { attempts: 1.5 } }, /attempts .*1\.5/],
    [{ retry: { attempts: 1_001 } }, /attempts .*1001/],
    [{ timeoutMs: 0 }, /timeoutMs .*0/],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, /timeoutMs .*Infinity/],
    [{ timeoutMs: 2 ** 31 }, /timeoutMs .*2147483648/],
    [{ expireAfterMs: 0 }, /expireAfterMs .*0/],
    [{ expireAfterMs: 1.5 }, /expireAfterMs .*1\.5/],
    [{ expireAfterMs: 366 * 86_400_000 }, /expireAfterMs .*31622400000/],
  ])("refuses %j, naming what is wrong", (options, message) => {
    expect(() => defineJob("mail", { payload, ...options })).toThrow(message);
  });
});

describe("indexCatalog", () => {
  it("refuses two definitions of one name", () => {
    const jobs = [defineJob("mail", { payload }), defineJob("mail", { payload })];
    expect(() => indexCatalog(jobs)).toThrow(/"mail"/);
  });
});
