import { describe, expect, it } from "vitest";
import { z } from "zod";
import { indexCatalog } from "../src/catalog.ts";
import { defineJob, fixed, PRIORITY } from "../src/define.ts";
import { buildFollowUps, buildJob } from "../src/new-job.ts";

const catalog = indexCatalog([
  defineJob("mail", { payload: z.object({ at: z.string().transform((text) => new Date(text)) }) }),
  defineJob("report", {
    payload: z.object({}),
    priority: PRIORITY.LOW,
    retry: { attempts: 3, backoff: fixed({ delayMs: 1 }) },
  }),
]);

describe("buildJob", () => {
  it("fills in what the type says", () => {
    expect(buildJob(catalog, "report", {}, {})).toEqual({
      type: "report",
      payload: "{}",
      payloadVersion: 1,
      keyId: null,
      readAs: {},
      priority: 0,
      maxAttempts: 3,
      delayMs: 0,
      workflowId: null,
      detached: false,
      uniqueKey: null,
      slotAtMs: null,
      step: null,
      dependsOn: [],
      expireAfterMs: null,
    });
  });

  it("takes what the caller says", () => {
    const settings = {
      priority: -100,
      maxAttempts: 1,
      delayMs: 1.2,
      uniqueKey: "k",
      workflowId: "wf",
      detached: true,
      expireAfterMs: 7,
    };
    expect(buildJob(catalog, "report", {}, settings)).toMatchObject({ ...settings, delayMs: 2 });
  });

  it("stores the value as it was given: a schema need not accept its own output", () => {
    expect(buildJob(catalog, "mail", { at: "2026-01-01" }, {}).payload).toBe('{"at":"2026-01-01"}');
  });

  it("reads a bare parent id as one whose death cancels", () => {
    const dependsOn = ["a", { jobId: "b", whenDead: "continue" }] as const;
    expect(buildJob(catalog, "report", {}, { dependsOn }).dependsOn).toEqual([
      { jobId: "a", whenDead: "cancel" },
      { jobId: "b", whenDead: "continue" },
    ]);
  });

  it("names the types there are when it is asked for another", () => {
    expect(() => buildJob(catalog, "mial", {}, {})).toThrow(/"mial".*mail, report/);
  });

  it("says which option of which type is out of range", () => {
    expect(() => buildJob(catalog, "report", {}, { priority: 101 })).toThrow(/"report": priority .*101/);
    expect(() => buildJob(catalog, "report", {}, { maxAttempts: 1_001 })).toThrow(
      /"report": maxAttempts .*1001/,
    );
    expect(() => buildJob(catalog, "report", {}, { delayMs: -1 })).toThrow(/"report": delayMs .*-1/);
  });
});

describe("buildFollowUps", () => {
  it("keeps the jobs in the workflow of the one that asks", () => {
    const followUps = [
      { type: "report", payload: {}, uniqueKey: "k", priority: 7, delayMs: 5, detached: true },
      { type: "mail", payload: { at: "2026-01-01" } },
    ];
    expect(buildFollowUps(catalog, "wf-1", followUps)).toMatchObject([
      { type: "report", workflowId: "wf-1", uniqueKey: "k", priority: 7, delayMs: 5, detached: true },
      { type: "mail", workflowId: "wf-1", uniqueKey: null, priority: PRIORITY.NORMAL },
    ]);
  });
});
