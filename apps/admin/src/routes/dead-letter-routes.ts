import { route } from "@hectoday/http";
import { type DeadLetter, type DeadLetterFilter, JobNotFoundError } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { answer } from "../answer.ts";
import { listAnswer } from "../list-answer.ts";
import { operatorIn } from "../locals.ts";
import { idParams, pageQuery, typeName } from "../request-input.ts";

/** ISO 8601, in UTC or with an offset. */
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const sharedFilter = {
  jobId: z.string().min(1).max(100).optional(),
  type: typeName.optional(),
  reason: z
    .enum([
      "attempts_exhausted",
      "not_retryable",
      "invalid_payload",
      "undecryptable_payload",
      "worker_died",
      "expired",
    ])
    .optional(),
  search: z.string().min(1).max(200).optional(),
  failedFrom: instant.optional(),
  failedBefore: instant.optional(),
};

const deadLetterQuery = pageQuery.extend({
  ...sharedFilter,
  reviewed: z
    .enum(["true", "false"])
    .transform((word) => word === "true")
    .optional(),
});

/** An empty one fits every dead letter: it must be sent all the same, so that a forgotten body retries nothing. */
const deadLetterFilter = z.strictObject({ ...sharedFilter, reviewed: z.boolean().optional() });
/** Without a pace all of them come back at once. */
const deadLetterRetry = deadLetterFilter.extend({ perMinute: z.int().min(1).max(60_000).optional() });

const deadLetterChange = z
  .strictObject({
    payload: z.unknown().optional(),
    reviewed: z.boolean().optional(),
    notes: z.string().max(10_000).nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "name at least one of payload, reviewed and notes");

/** Nobody needs to know it closer, and a million dead letters take a second to count. */
const MOST_COUNTED = 100_000;

/** Without what was left out, so that the audit line names what was asked for and nothing else. */
function given({
  jobId,
  type,
  reviewed,
  reason,
  search,
  failedFrom,
  failedBefore,
}: z.infer<typeof deadLetterFilter>): DeadLetterFilter {
  return {
    ...(jobId !== undefined && { jobId }),
    ...(type !== undefined && { type }),
    ...(reviewed !== undefined && { reviewed }),
    ...(reason !== undefined && { reason }),
    ...(search !== undefined && { search }),
    ...(failedFrom !== undefined && { failedFrom }),
    ...(failedBefore !== undefined && { failedBefore }),
  };
}

/** Dead letters to inspect, edit, retry and discard. `:id` is the dead letter's id, not the job's. */
export function deadLetterRoutes(queue: ShopQueue) {
  const { store } = queue;

  const require = async (id: string): Promise<DeadLetter> => {
    const deadLetter = await store.getDeadLetter(id);
    if (deadLetter !== null) return deadLetter;
    throw new JobNotFoundError(
      `There is no dead letter ${id}; it may have been retried or discarded already`,
    );
  };

  return [
    route.get("/admin/dead-letters", {
      request: { query: deadLetterQuery },
      resolve: async (c) => {
        const { limit, cursor, ...filter } = validInput(c.input).query;
        const page = await store.listDeadLetters({
          limit,
          ...(cursor !== undefined && { cursor }),
          ...given(filter),
        });
        return listAnswer(page);
      },
    }),

    route.post("/admin/dead-letters/retry", {
      request: { body: deadLetterRetry },
      resolve: async (c) => {
        const { perMinute, ...asked } = validInput(c.input).body;
        const filter = given(asked);
        const { actor } = operatorIn(c.locals);
        const detail = JSON.stringify({ ...filter, perMinute });
        await store.audit({ actor, action: "dead_letter.retry_many", subject: "dead letters", detail });
        return Response.json({
          retried: await store.reviveMany(filter, perMinute === undefined ? undefined : { perMinute }),
        });
      },
    }),

    // What a retry of many would take on, to be told before it is asked for.
    route.get("/admin/dead-letters/count", {
      request: { query: deadLetterQuery.omit({ limit: true, cursor: true }).strict() },
      resolve: async (c) => {
        const count = await store.countRevivable(given(validInput(c.input).query), MOST_COUNTED);
        return Response.json({ count, isCut: count === MOST_COUNTED });
      },
    }),

    route.get("/admin/dead-letters/:id", {
      request: { params: idParams },
      resolve: async (c) => {
        const deadLetter = await require(validInput(c.input).params.id);
        return answer({
          ...deadLetter,
          // Of an encrypted one whoever decrypts it gets this, too.
          presentPayload: deadLetter.keyId === null ? queue.presentPayload(deadLetter) : null,
          history: await store.attempts(deadLetter.originalJobId),
          reports: await store.reports(deadLetter.originalJobId),
        });
      },
    }),

    route.post("/admin/dead-letters/:id/retry", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id, originalJobId } = await require(validInput(c.input).params.id);
        const { actor } = operatorIn(c.locals);
        await store.audit({
          actor,
          action: "dead_letter.retry",
          subject: id,
          detail: `job ${originalJobId}`,
        });
        return answer(await store.revive(id));
      },
    }),

    route.post("/admin/dead-letters/:id/discard", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id, originalJobId, type } = await require(validInput(c.input).params.id);
        const { actor } = operatorIn(c.locals);
        const detail = `${type} job ${originalJobId}`;
        await store.discard(id, { actor, action: "dead_letter.discard", subject: id, detail });
        return new Response(null, { status: 204 });
      },
    }),

    route.patch("/admin/dead-letters/:id", {
      request: { params: idParams, body: deadLetterChange },
      resolve: async (c) => {
        const { params, body } = validInput(c.input);
        const { payload, reviewed, notes } = body;
        const change = {
          ...("payload" in body && { payload }),
          ...(reviewed !== undefined && { reviewed }),
          ...(notes !== undefined && { notes }),
        };
        return answer(await queue.editDeadLetter(params.id, change, operatorIn(c.locals)));
      },
    }),
  ];
}
