import { defineJob } from "@holdfast/queue-core/define";
import { z } from "zod";

/** The benchmark's types with a schema that refuses nothing. */
export const looseJobs = [
  defineJob("t0", { payload: z.record(z.string(), z.unknown()) }),
  defineJob("t1", { payload: z.record(z.string(), z.unknown()) }),
] as const;
