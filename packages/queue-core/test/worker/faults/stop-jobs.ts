import { z } from "zod";
import { defineJob } from "../../../src/define.ts";

/** What is still running then is handed back, in milliseconds. */
export const SHUTDOWN_MS = 400;

/** A job that takes a moment, and one in ten of which takes longer than its worker has left to stop. */
export const STOP_JOBS = [defineJob("work", { payload: z.object({ ms: z.number() }) })] as const;
