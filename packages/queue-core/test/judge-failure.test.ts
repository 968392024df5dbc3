import { describe, expect, it } from "vitest";
import { z } from "zod";
import { custom, fixed, linear } from "../src/backoff.ts";
import { indexCatalog } from "../src/catalog.ts";
import { defineJob } from "../src/define-job.ts";
import { NonRetryableError } from "../src/errors.ts";
import { buildBurial, judgeFailure } from "../src/judge-failure.ts";

const failed = (error: unknown, attempt = 1) => ({ attempt, maxAttempts: 5, error, timedOut: false });
const policy = { attempts: 5, backoff: fixed({ delayMs: 1_000 }) };
const half = (): number => 0.5;
const throwing = (message: string) => (): never => {
  throw new Error(message);
};
const trapped = new Proxy(new Error("never read"), {
  getPrototypeOf: () => {
    throw new Error("trapped");
  },
});

/** Judges a failure and keeps what the type's own code threw. */
function judge(error: unknown, retry: Partial<Parameters<typeof judgeFailure>[1]> = {}) {
  const faults: unknown[] = [];
  const verdict = judgeFailure(failed(error), { ...policy, ...retry }, half, (what, cause) =>
    faults.push([what, String(cause)]),
  );
  return { verdict, faults };
}

describe("judgeFailure", () => {
  it("R17: gives a job up at once after a NonRetryableError, and after one that shouldRetry turns down", () => {
    for (const { verdict, faults } of [
      judge(new NonRetryableError("no such order")),
      judge(new Error("declined"), { shouldRetry: () => false }),
    ]) {
      expect(verdict).toMatchObject({ verb: "bury", reason: "not_retryable" });
      expect(faults).toEqual([]);
    }
  });

  it("R17: tells shouldRetry the error as it was thrown, and retries what it lets through", () => {
    const thrown = { odd: true };
    const seen: unknown[] = [];
    const shouldRetry = (error: unknown): boolean => seen.push(error) > 0;
    expect(judge(thrown, { shouldRetry }).verdict).toMatchObject({ verb: "retry", delayMs: 1_000 });
    expect(seen).toEqual([thrown]);
  });

  it("R17: retries where shouldRetry throws, by the type's own backoff, and says so", () => {
    const { verdict, faults } = judge(new Error("no luck"), { shouldRetry: throwing("broken") });
    expect(verdict).toEqual({
      verb: "retry",
      delayMs: 1_000,
      error: "Error: no luck\nIts type's shouldRetry threw: Error: broken",
      timedOut: false,
    });
    expect(faults).toEqual([["the type's shouldRetry threw, the default is used", "Error: broken"]]);
  });

  it("waits as by default where the backoff throws, and says so", () => {
    const { verdict, faults } = judge(new Error("no luck"), { backoff: custom(throwing("broken")) });
    expect(verdict).toMatchObject({ verb: "retry", delayMs: linear().boundMs(1) });
    expect(faults).toEqual([["the type's backoff threw, the default is used", "Error: broken"]]);
  });

  it.each([1_000n, Symbol("soon")])(
    "waits as by default where the backoff gives what is no number: %s",
    (given) => {
      const backoff = custom(() => given as unknown as number);
      const { verdict, faults } = judge(new Error("no luck"), { backoff });
      expect(verdict).toMatchObject({ verb: "retry", delayMs: linear().boundMs(1) });
      expect(faults).toEqual([
        ["the type's backoff threw, the default is used", expect.stringMatching(/TypeError/)],
      ]);
    },
  );

  it("takes a promise for no answer, whatever it comes to, and says so", async () => {
    const fault = "TypeError: it returned a promise, and it has to answer at once";
    for (const slow of [() => Promise.resolve(false), () => Promise.reject(new Error("never heard"))]) {
      const shouldRetry = slow as unknown as () => boolean;
      const backoff = custom(slow as unknown as () => number);
      const { verdict, faults } = judge(new Error("no luck"), { shouldRetry, backoff });
      expect(verdict).toMatchObject({ verb: "retry", delayMs: linear().boundMs(1) });
      expect(faults).toEqual([
        ["the type's shouldRetry threw, the default is used", fault],
        ["the type's backoff threw, the default is used", fault],
      ]);
    }
  });

  it("retries after an error that cannot bear to be looked at", () => {
    expect(judge(trapped).verdict).toMatchObject({
      verb: "retry",
      error: expect.stringContaining("cannot be read"),
    });
  });
});

describe("buildBurial", () => {
  const payload = z.object({});
  const onDead = throwing("the hook is broken");
  const catalog = indexCatalog([defineJob("a", { payload, onDead }), defineJob("b", { payload })]);
  const dead = {
    id: "1",
    payload: {},
    workflowId: "wf",
    attempts: 1,
    reason: "expired",
    error: "late",
  } as const;

  it("buries without follow-ups where the hook throws, and says so", () => {
    const faults: string[] = [];
    const burial = buildBurial(catalog, { ...dead, type: "a" }, (what) => faults.push(what));
    expect(burial).toEqual({
      error: "late\nIts onDead hook failed too: Error: the hook is broken",
      followUps: [],
    });
    expect(faults).toEqual(["the onDead hook failed, the jobs it asks for are not added"]);
  });

  it("buries without follow-ups where the hook answers with a promise, whatever that comes to", () => {
    for (const slow of [() => Promise.resolve([]), () => Promise.reject(new Error("never heard"))]) {
      const late = defineJob("c", { payload, onDead: slow as unknown as () => readonly [] });
      const burial = buildBurial(indexCatalog([late]), { ...dead, type: "c" }, () => undefined);
      expect(burial).toEqual({
        error:
          "late\nIts onDead hook failed too: TypeError: it returned a promise, and it has to answer at once",
        followUps: [],
      });
    }
  });

  it("asks for nothing where there is no hook", () => {
    const burial = buildBurial(catalog, { ...dead, type: "b" }, throwing("not asked"));
    expect(burial).toEqual({ error: "late", followUps: [] });
  });
});
