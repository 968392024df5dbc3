import { z } from "zod";

/** Ids of jobs, dead letters and workflows: never decoded, so this is all they may hold. */
const id = z.string().regex(/^[\w-]{1,100}$/);

export const idParams = z.object({ id });

/** What every paged list takes. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^[\w-]{1,60}$/)
    .optional(),
});

/** The name of a job type, as `defineJob` allows it. */
export const typeName = z.string().regex(/^[a-z][a-z0-9_.-]{0,99}$/);

export const workflowId = id;
export const jobId = id;
