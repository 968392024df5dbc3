import type { CatalogIndex } from "./catalog.ts";
import type { JobCatalog, JobType, PayloadInput } from "./define-job.ts";
import { placed, WorkflowInvalidError } from "./errors.ts";
import type { Job, JobStatus } from "./job.ts";
import { shown } from "./known-options.ts";
import { buildJob, type JobSettings, requireWhenDead } from "./new-job.ts";
import type { Dependency, EarlierDependency, NewJob } from "./store.ts";

/** Steps that must end before this one: a name, or a name with what to do if that step never completes. */
export type StepParent<Step extends string = string> =
  | Step
  | { readonly step: Step; readonly whenDead: Dependency["whenDead"] };

/** How a step differs from its type's defaults. */
export interface StepSettings<Step extends string = string> extends Omit<JobSettings, "workflowId"> {
  /** Steps of the same workflow that must complete first; none by default, so that it may run at once. */
  readonly after?: StepParent<Step> | readonly StepParent<Step>[] | undefined;
}

/** The steps of a workflow by name: each a job type, its payload, and where it stands. */
export type WorkflowSteps<
  Jobs extends JobCatalog,
  Types extends Readonly<Record<string, JobType<Jobs>>> = Readonly<Record<string, JobType<Jobs>>>,
> = {
  readonly [Step in keyof Types]: StepSettings<keyof Types & string> & {
    readonly type: Types[Step];
    readonly payload: PayloadInput<Jobs, Types[Step]>;
  };
};

type ParentStep = Exclude<StepParent, string>;

type AnyStep = StepSettings & { readonly type: string; readonly payload: unknown };

const STEP_NAME = /^[a-zA-Z][\w.-]{0,99}$/;

/**
 * Turns named steps into jobs, parents before children, so that they can be added in one go.
 * @throws {WorkflowInvalidError} if a name cannot be used, a parent is unknown, or steps wait for one another
 * @throws {PayloadInvalidError | OptionInvalidError | JobTypeUnknownError} as `enqueue` does
 */
export function planWorkflow(
  catalog: CatalogIndex,
  steps: Readonly<Record<string, AnyStep>>,
  workflowId: string,
): readonly { readonly name: string; readonly job: NewJob }[] {
  const names = orderOf(steps);
  const placeOf = new Map(names.map((name, place) => [name, place]));
  return names.map((name) => {
    const { type, payload, after, ...settings } = steps[name] as AnyStep;
    try {
      const job = buildJob(catalog, type, payload, { ...settings, workflowId });
      const dependsOnEarlier = parentsOf(name, after).map(({ step, whenDead }): EarlierDependency => {
        requireWhenDead("after", whenDead);
        return { place: placeOf.get(step) ?? -1, whenDead };
      });
      return { name, job: { ...job, step: name, dependsOnEarlier } };
    } catch (error) {
      throw placed(`Step "${name}"`, error);
    }
  });
}

function parentsOf(name: string, after: StepSettings["after"] = []): ParentStep[] {
  const given = Array.isArray(after) ? (after as readonly StepParent[]) : [after as StepParent];
  const byName = new Map<string, ParentStep>();
  for (const parent of given) {
    if (typeof parent !== "string" && typeof parent?.step !== "string")
      throw new WorkflowInvalidError(
        `Step "${name}": after takes names of steps, or { step, whenDead }, got ${shown(parent)}`,
      );
    const full = typeof parent === "string" ? { step: parent, whenDead: "cancel" as const } : parent;
    byName.set(full.step, full);
  }
  return [...byName.values()];
}

/** The names, each behind those it waits for and else as given: A. B. Kahn, "Topological sorting of large networks". */
function orderOf(steps: Readonly<Record<string, AnyStep>>): readonly string[] {
  const left = new Map<string, readonly string[]>();
  for (const [name, { after }] of Object.entries(steps)) {
    if (!STEP_NAME.test(name))
      throw new WorkflowInvalidError(
        `Step "${name}": a name is a letter, then letters, digits, "_", "." or "-", at most 100 in all`,
      );
    const parents = parentsOf(name, after).map(({ step }) => step);
    const unknown = parents.find((parent) => !Object.hasOwn(steps, parent));
    if (unknown !== undefined)
      throw new WorkflowInvalidError(`Step "${name}" waits for "${unknown}", but there is no such step`);
    left.set(name, parents);
  }
  if (left.size === 0) throw new WorkflowInvalidError("A workflow needs at least one step");
  const order: string[] = [];
  while (left.size > 0) {
    const ready = [...left].filter(([, parents]) => parents.every((parent) => !left.has(parent)));
    if (ready.length === 0)
      throw new WorkflowInvalidError(`Steps wait for one another: ${[...left.keys()].join(", ")}`);
    for (const [name] of ready) {
      order.push(name);
      left.delete(name);
    }
  }
  return order;
}

/** What a store counts of a workflow, without its detached jobs. */
export interface WorkflowCounts {
  readonly byStatus: Partial<Readonly<Record<JobStatus, number>>>;
  readonly startedAt: Date;
  /** When the state of a job of it changed last. */
  readonly updatedAt: Date;
  /** When it was cancelled as a whole. */
  readonly cancelledAt: Date | null;
}

/** Where a workflow stands. */
export interface WorkflowState extends WorkflowCounts {
  readonly id: string;
  /**
   * `running` while a job of it can still go on; then `failed` if one was given up, `cancelled` if one was cancelled or
   * the whole was, `completed` otherwise.
   */
  readonly status: "running" | "completed" | "failed" | "cancelled";
  /** All its jobs, but for detached ones. */
  readonly total: number;
  /** From 0 to 1: how many of them have ended, well or not. */
  readonly progress: number;
}

/** The jobs of a workflow that was started from steps, by the names of those. */
export interface StartedWorkflow<
  Types extends Readonly<Record<string, string>> = Readonly<Record<string, string>>,
> {
  readonly workflowId: string;
  /**
   * `deduplicated` if a step's `uniqueKey` was held: then its job is the one that holds it, which stays in the workflow
   * it was added with. The steps after it wait for it all the same.
   */
  readonly jobs: {
    readonly [Step in keyof Types]: Job & { readonly type: Types[Step]; readonly deduplicated: boolean };
  };
}

const ENDED = ["completed", "failed", "cancelled"] as const satisfies readonly JobStatus[];

export function judgeWorkflow(id: string, counts: WorkflowCounts): WorkflowState {
  const { byStatus, cancelledAt } = counts;
  const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  const ended = ENDED.reduce((sum, status) => sum + (byStatus[status] ?? 0), 0);
  const status =
    ended < total
      ? "running"
      : byStatus.failed
        ? "failed"
        : byStatus.cancelled || cancelledAt
          ? "cancelled"
          : "completed";
  return { id, status, total, progress: total === 0 ? 1 : ended / total, ...counts };
}
