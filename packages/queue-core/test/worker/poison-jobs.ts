import { z } from "zod";
import { defineJob } from "../../src/define.ts";

const payload = z.object({ n: z.number() });

/** Job types that hurt the process they run in, and one that does not. */
export const POISON_JOBS = [
  defineJob("innocent", { payload }),
  defineJob("kills", { payload }),
  defineJob("exits", { payload }),
  defineJob("hoards", { payload }),
  /** Handled in batches; number 0 kills. */
  defineJob("mixed", { payload }),
] as const;
