import { z } from "zod";
import { defineJob } from "../../../src/define.ts";

const payload = z.object({ n: z.number() });

/** As short as a busy machine allows: a hung worker is found a lease after its handler's time is over. */
export const LEASE_MS = 600;

/** A job type that never returns to the event loop, one that needs the CPU for leases, and one that harms nobody. */
export const HANG_JOBS = [
  defineJob("hang", { payload, timeoutMs: 300, retry: { attempts: 1 } }),
  defineJob("crunch", { payload }),
  defineJob("innocent", { payload }),
] as const;
