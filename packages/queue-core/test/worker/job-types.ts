import { z } from "zod";
import { custom, defineJob, fixed } from "../../src/define.ts";
import { LONGEST_TIMER_MS } from "../../src/define-job.ts";

const payload = z.object({ n: z.number() });
/** No wait between attempts: what is tested is that there is another one. */
const retry = { attempts: 3, backoff: fixed({ delayMs: 0 }) };

/** The job types of the worker's tests. */
export const WORKER_JOBS = [
  defineJob("task", { payload, retry }),
  defineJob("other", { payload, retry }),
  defineJob("short", {
    payload,
    retry,
    timeoutMs: 40,
    onDead: (dead) => [{ type: "other", payload: dead.payload }],
  }),
  defineJob("patient", { payload, retry: { attempts: 1 }, timeoutMs: LONGEST_TIMER_MS }),
  defineJob("fragile", { payload, retry: { attempts: 1 } }),
  /** Its payload is stored as text and handled as a date. */
  defineJob("dated", {
    payload: z.object({ day: z.string().transform((text) => new Date(text)) }),
    retry: { attempts: 1 },
    onDead: (dead) => [{ type: "task", payload: { n: dead.payload.day.getUTCFullYear() } }],
  }),
  defineJob("bad_backoff", {
    payload,
    retry: {
      attempts: 2,
      backoff: custom(() => {
        throw new Error("the backoff is broken");
      }),
    },
  }),
  defineJob("bad_hook", {
    payload,
    retry: { attempts: 1 },
    onDead: () => {
      throw new Error("the hook is broken");
    },
  }),
  defineJob("bad_schema", {
    payload: z.object({ n: z.number() }).transform(({ n }) => {
      if (n > 1) throw new Error("the schema is broken");
      return { n };
    }),
  }),
] as const;
