import type { jobs } from "@holdfast/job-schemas";
import type { JobHandler, JobType } from "@holdfast/queue-core";
import type { ShopTables } from "@holdfast/services";

/** The names of the shop's job types. */
export type ShopJobType = JobType<typeof jobs>;

/** What runs a job of a type. */
export type Handler<Type extends ShopJobType> = JobHandler<typeof jobs, Type, ShopTables>;
