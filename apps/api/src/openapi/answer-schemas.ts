import { z } from "zod";

// What the API answers with. Tests hold real answers against these, so the document cannot promise what isn't sent.

const isoTime = z.iso.datetime();
const cents = z.int().min(0);

/** The one error envelope. */
export const errorAnswer = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    details: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  }),
});

export const productsAnswer = z.strictObject({
  products: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      priceCents: cents,
      currency: z.literal("USD"),
      stock: z.int().min(0),
      available: z.int().min(0),
    }),
  ),
});

/** An order, as `POST /orders` answers. */
export const orderAnswer = z.strictObject({
  id: z.string(),
  userId: z.string(),
  email: z.string(),
  status: z.enum([
    "pending",
    "paid",
    "completed",
    "payment_failed",
    "payment_unknown",
    "cancelled",
    "refunded",
  ]),
  currency: z.literal("USD"),
  totalCents: cents,
  items: z.array(
    z.strictObject({ productId: z.string(), name: z.string(), quantity: z.int().min(1), priceCents: cents }),
  ),
  createdAt: isoTime,
  workflowId: z.string(),
});

/** An order with the jobs of its workflow, as `GET /orders/:id` answers. */
export const orderWithJobsAnswer = orderAnswer.extend({
  jobs: z.array(
    z.strictObject({
      id: z.string(),
      type: z.string(),
      status: z.enum(["waiting", "scheduled", "pending", "processing", "completed", "cancelled", "failed"]),
      attempts: z.int().min(0),
      scheduledAt: isoTime,
      completedAt: isoTime.nullable(),
      lastError: z.string().nullable(),
    }),
  ),
});

const endpoint = z.strictObject({
  id: z.string(),
  url: z.string(),
  isActive: z.boolean(),
  createdAt: isoTime,
});

export const endpointsAnswer = z.strictObject({ items: z.array(endpoint), nextCursor: z.null() });

/** The only answers that show a secret. */
export const endpointWithSecretAnswer = endpoint.extend({ secret: z.string() });

export const deliveriesAnswer = z.strictObject({
  items: z.array(
    z.strictObject({
      id: z.string(),
      endpointId: z.string(),
      eventId: z.string(),
      eventType: z.string(),
      status: z.enum(["pending", "delivered", "failed"]),
      attempts: z.int().min(0),
      lastStatusCode: z.int().nullable(),
      lastError: z.string().nullable(),
      createdAt: isoTime,
      deliveredAt: isoTime.nullable(),
      jobId: z.string().nullable(),
    }),
  ),
  nextCursor: z.string().nullable(),
});

export const replayAnswer = z.strictObject({ jobId: z.string() });

const check = (...statuses: [string, string]) =>
  z.strictObject({ status: z.enum(statuses), message: z.string().optional() });

export const healthAnswer = z.strictObject({
  status: z.enum(["ok", "degraded", "unhealthy"]),
  checks: z.strictObject({ database: check("up", "down"), jobQueue: check("up", "warning") }),
});

export const readyAnswer = z.strictObject({ status: z.literal("ready") });
