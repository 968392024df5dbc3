import { z } from "zod";
import { custom, defineJob, exponential, fixed } from "../../src/define.ts";

const payload = z.object({ n: z.number() });

/** The job types of the conformance suite: each differs from the defaults in one thing. */
export const JOB_TYPES = [
  defineJob("mail", { payload }),
  defineJob("report", { payload }),
  defineJob("fragile", { payload, retry: { attempts: 1 } }),
  defineJob("mourned", {
    payload,
    retry: { attempts: 1 },
    onDead: (dead) => [{ type: "mail", payload: dead.payload, uniqueKey: `after-${dead.id}` }],
  }),
  defineJob("fleeting", {
    payload,
    expireAfterMs: 10_000,
    onDead: ({ payload: { n }, ...dead }) => {
      if (n < 0) throw new Error("the hook is broken");
      return [{ type: "mail", payload: { n }, uniqueKey: `${dead.id} ${dead.reason} ${dead.attempts}` }];
    },
  }),
  defineJob("exponential", {
    payload,
    retry: { backoff: exponential({ firstMs: 1_000, maxMs: 4_000 }) },
  }),
  defineJob("fixed", { payload, retry: { backoff: fixed({ delayMs: 7_000 }) } }),
  defineJob("custom", { payload, retry: { backoff: custom((failures) => failures ** 2 * 100) } }),
] as const;
