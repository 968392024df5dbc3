import { defineJob, fixed } from "@holdfast/queue-core";
import { z } from "zod";

/** What a process of the soak says of itself, a line of JSON on its standard output. */
export interface SoakSample {
  readonly rssBytes: number;
  /** Claims that brought jobs since the last sample: how long the slowest of a hundred took, in milliseconds. */
  readonly claimP99Ms: number | null;
  /** Jobs it has added or finished so far. */
  readonly done: number;
}

export const SOAK_JOBS = [
  defineJob("work", { payload: z.object({ n: z.number(), text: z.string() }) }),
  /** Fails once, so that attempts and retries take part. */
  defineJob("stumble", {
    payload: z.object({ n: z.number() }),
    retry: { attempts: 2, backoff: fixed({ delayMs: 50 }) },
  }),
] as const;

/** Samples are this far apart, in milliseconds. */
export const SAMPLE_EVERY_MS = 500;
