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
      result: null,
      version: 1,
      upcasters: [],
      encrypted: false,
      priority: PRIORITY.NORMAL,
      timeoutMs: 600_000,
      expireAfterMs: null,
      limit: null,
      logBytes: 0,
      retention: {},
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
        result: payload,
        priority: 20,
        retry: { attempts: 1, backoff, shouldRetry },
        timeoutMs: 1,
        expireAfterMs: 1,
        limit: "email",
        keepLog: { maxBytes: 1_000 },
        retention: { deadMs: 1 },
        onDead,
      }),
    ).toEqual({
      type: "mail",
      payload,
      result: payload,
      version: 1,
      upcasters: [],
      encrypted: false,
      priority: 20,
      retry: { attempts: 1, backoff, shouldRetry },
      timeoutMs: 1,
      expireAfterMs: 1,
      limit: "email",
      logBytes: 1_000,
      retention: { deadMs: 1 },
      onDead,
    });
  });

  it("R4: refuses what is no schema", () => {
    const noSchema = { email: "string" } as never;
    for (const options of [{ payload: noSchema }, { payload, result: noSchema }])
      expect(() => defineJob("mail", options)).toThrow(
        expect.objectContaining({
          code: "JOB_DEFINITION_INVALID",
          message: expect.stringContaining("must be a Standard Schema"),
        }),
      );
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
    [{ keepLog: { maxBytes: 255 } }, /keepLog\.maxBytes .*255/],
    [{ keepLog: { maxBytes: 262_145 } }, /keepLog\.maxBytes .*262145/],
    [{ keepLog: { maxBytes: 999.5 } }, /keepLog\.maxBytes .*999\.5/],
    [{ retention: { completedMs: -1 } }, /retention\.completedMs .*-1/],
    [{ retention: { logMs: Number.NaN } }, /retention\.logMs .*NaN/],
    [{ keepLog: { maxBytes: 0 } }, /keepLog\.maxBytes .*0/],
  ])("refuses %j, naming what is wrong", (options, message) => {
    expect(() => defineJob("mail", { payload, ...options })).toThrow(message);
  });
});

describe("indexCatalog", () => {
  it("refuses two definitions of one name", () => {
    const jobs = [defineJob("mail", { payload }), defineJob("mail", { payload })];
    expect(() => indexCatalog(jobs)).toThrow(/"mail"/);
  });

  it("puts the upcasters in order, from the first version on", () => {
    const upcasters = { 2: (two: number) => two + 1, 1: (one: number) => one * 10 };
    const job = defineJob("mail", { payload, version: 3, upcasters });
    expect(job.upcasters).toEqual([upcasters[1], upcasters[2]]);
  });

  const step = (): object => ({});
  it.each([
    [{ version: 3, upcasters: { 2: step } }, /needs an upcaster from each version before it; missing: 1$/],
    [{ version: 4, upcasters: { 2: step } }, /missing: 1, 3$/],
    [{ version: 2 }, /missing: 1$/],
    [{ version: 2, upcasters: { 1: step, 2: step } }, /lead up to version 2, so there can be none from: 2$/],
    [{ upcasters: { 1: step } }, /lead up to version 1, so there can be none from: 1$/],
    [{ version: 2, upcasters: { 1: step, 0: step } }, /none from: 0$/],
    [{ version: 0 }, /version must be an integer from 1 to 1000, got 0$/],
    [{ version: 1.5 }, /got 1.5$/],
    [{ version: 1_001 }, /got 1001$/],
  ])("refuses the versions %o", (options, message) => {
    expect(() => defineJob("mail", { payload, ...options })).toThrow(
      expect.objectContaining({ code: "JOB_DEFINITION_INVALID", message: expect.stringMatching(message) }),
    );
  });
});
