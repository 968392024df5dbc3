import { route } from "@hectoday/http";
import { type CronChange, type JobCatalog, nextRuns, type Queue, systemClock } from "@holdfast/queue-core";
import type { ShopQueue, ShopTables } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { answer } from "../answer.ts";
import { wholeListAnswer } from "../list-answer.ts";
import { operatorIn } from "../locals.ts";
import { idParams } from "../request-input.ts";

const timing = z.string().min(1).max(200);
const zone = z.string().min(1).max(100);

/** What is left out stays; `version` is the one that the operator looked at. */
const scheduleChange = z.strictObject({
  expression: timing.optional(),
  timeZone: zone.optional(),
  payload: z.json().optional(),
  catchUp: z
    .union([
      z.enum(["skip", "once"]),
      z.strictObject({ all: z.strictObject({ max: z.number(), maxAgeMs: z.number() }) }),
    ])
    .optional(),
  overlap: z.enum(["allow", "skip"]).optional(),
  version: z.int().optional(),
});

const PREVIEWED_RUNS = 5;

/** Recurring jobs to look at, to run beside their times, to pause, to edit and to remove. */
export function scheduleRoutes(shopQueue: ShopQueue) {
  // A stored schedule's type is any text until the queue has looked it up.
  const queue: Queue<JobCatalog, ShopTables> = shopQueue;
  const { store } = queue;
  return [
    route.get("/admin/schedules", { resolve: async () => wholeListAnswer(await store.listSchedules()) }),

    // What an edit would mean, before it is made.
    route.get("/admin/schedules/preview", {
      request: { query: z.object({ expression: timing, timeZone: zone.default("UTC") }) },
      resolve: (c) => {
        const { expression, timeZone } = validInput(c.input).query;
        const after = new Date(systemClock.now());
        return Response.json({ runs: nextRuns(expression, { timeZone, after, count: PREVIEWED_RUNS }) });
      },
    }),

    route.post("/admin/schedules/:id/pause", {
      request: { params: idParams },
      resolve: async (c) =>
        answer(await queue.pauseCron(validInput(c.input).params.id, operatorIn(c.locals))),
    }),

    route.post("/admin/schedules/:id/resume", {
      request: { params: idParams },
      resolve: async (c) =>
        answer(await queue.resumeCron(validInput(c.input).params.id, operatorIn(c.locals))),
    }),

    route.patch("/admin/schedules/:id", {
      request: { params: idParams, body: scheduleChange },
      resolve: async (c) => {
        const { params, body } = validInput(c.input);
        const { version, ...change } = body;
        const { actor } = operatorIn(c.locals);
        const options = { actor, ...(version !== undefined && { version }) };
        return answer(await queue.editCron(params.id, given(change), options));
      },
    }),

    route.delete("/admin/schedules/:id", {
      request: { params: idParams },
      resolve: async (c) => {
        await queue.removeCron(validInput(c.input).params.id, operatorIn(c.locals));
        return new Response(null, { status: 204 });
      },
    }),

    // The job stands for no slot, so the schedule's own times stay as they are.
    route.post("/admin/schedules/:id/run", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        return answer(await queue.runCron(id, operatorIn(c.locals)), { status: 201 });
      },
    }),
  ];
}

/** Without what was left out, so that the audit line names what was changed and nothing else. */
function given({
  expression,
  timeZone,
  payload,
  catchUp,
  overlap,
}: z.infer<typeof scheduleChange>): CronChange {
  return {
    ...(expression !== undefined && { expression }),
    ...(timeZone !== undefined && { timeZone }),
    ...(payload !== undefined && { payload }),
    ...(catchUp !== undefined && { catchUp }),
    ...(overlap !== undefined && { overlap }),
  };
}
