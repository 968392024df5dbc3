import { z } from "zod";
import { defineJob, fixed } from "../../src/define.ts";

/** Who asked for the job: every enqueue of a run has a tag of its own, so each row can be traced to its cause. */
const payload = z.object({ tag: z.string() });

/** Short enough to pass while a run waits for its next line. */
const HASTY_MS = 20_000;

/** The limit that two of the types share. */
export const SHARED_LIMIT = "scarce";

const PLAIN = { payload, retry: { attempts: 3, backoff: fixed({ delayMs: 5_000 }) } };

/** The job types of the simulation: each ends in its own way. */
export const SIMULATED_JOBS = [
  defineJob("plain", { ...PLAIN, version: 2, upcasters: { 1: (older: { tag: string }) => older } }),
  defineJob("fragile", { payload, retry: { attempts: 1 }, limit: SHARED_LIMIT }),
  defineJob("mourned", {
    payload,
    retry: { attempts: 2, backoff: fixed({ delayMs: 0 }) },
    onDead: (dead) => [{ type: "plain", payload: { tag: obituaryOf(dead.id) } }],
  }),
  defineJob("hasty", { payload, timeoutMs: HASTY_MS, limit: SHARED_LIMIT }),
  defineJob("gathered", { ...PLAIN, timeoutMs: HASTY_MS }),
  defineJob("ticking", { payload }),
] as const;

/** The same of an older deploy, some of whose processes are still there. */
export const OLDER_JOBS = [defineJob("plain", PLAIN), ...SIMULATED_JOBS.slice(1)];

export type SimulatedType = (typeof SIMULATED_JOBS)[number]["type"];

export const TYPES: readonly SimulatedType[] = SIMULATED_JOBS.map(({ type }) => type);

/** The type that is handled in batches, and how they gather. */
const BATCH_TYPE = "gathered";
export const BATCH = { type: BATCH_TYPE, size: 3, lingerMs: 4_000 } as const;

/** Those whose jobs are handled one by one. */
export const SINGLE_TYPES = TYPES.filter((type) => type !== BATCH_TYPE);

/** The types that callers add; the last one comes from schedules alone. */
export const ENQUEUED_TYPES = TYPES.slice(0, -1);

/** The tag of the job that is added when another one dies. */
export function obituaryOf(jobId: string): string {
  return `after ${jobId}`;
}

/** Whether a payload fits its type: an operator's edit may take the tag away. */
export function hasTag(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "tag" in payload;
}

export function tagOf(payloadText: string): string {
  // The payload schema, or an operator's edit that does not fit it.
  return (JSON.parse(payloadText) as { readonly tag?: string }).tag ?? "";
}

/** The application's own table: what handlers write with their completion. */
export interface NoteTables {
  readonly note: { readonly id: number; readonly text: string };
}
