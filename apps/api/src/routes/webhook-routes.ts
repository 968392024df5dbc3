import { route } from "@hectoday/http";
import type { Shop } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import {
  listWebhookDeliveries,
  listWebhookEndpoints,
  registerWebhookEndpoint,
  removeWebhookEndpoint,
  replayWebhookDelivery,
  rotateWebhookSecret,
  type WebhookPolicy,
} from "@holdfast/services/webhooks";
import { z } from "zod";
import {
  deliveriesAnswer,
  endpointsAnswer,
  endpointWithSecretAnswer,
  errorAnswer,
  replayAnswer,
} from "../openapi/answer-schemas.ts";

const idParams = z.object({ id: z.string().max(100) });

const deliveryQuery = z.object({
  endpointId: z.string().max(100).optional(),
  status: z.enum(["pending", "delivered", "failed"]).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(100).optional(),
});

/** Who is told of completed orders, and what became of telling them. */
export function webhookRoutes(shop: Shop, policy: WebhookPolicy) {
  return [
    route.post("/webhook-endpoints", {
      request: { body: z.strictObject({ url: z.string() }) },
      response: { 201: endpointWithSecretAnswer, 400: errorAnswer, 409: errorAnswer },
      resolve: async (c) => {
        const endpoint = await registerWebhookEndpoint(shop, policy, validInput(c.input).body.url);
        const headers = { location: `/webhook-endpoints/${endpoint.id}` };
        return Response.json(endpoint, { status: 201, headers });
      },
    }),

    route.get("/webhook-endpoints", {
      response: { 200: endpointsAnswer },
      resolve: async () => Response.json({ items: await listWebhookEndpoints(shop), nextCursor: null }),
    }),

    route.delete("/webhook-endpoints/:id", {
      request: { params: idParams },
      response: { 204: z.void(), 404: errorAnswer },
      resolve: async (c) => {
        await removeWebhookEndpoint(shop, validInput(c.input).params.id);
        return new Response(null, { status: 204 });
      },
    }),

    route.post("/webhook-endpoints/:id/rotate-secret", {
      request: { params: idParams },
      response: { 200: endpointWithSecretAnswer, 404: errorAnswer },
      resolve: async (c) => Response.json(await rotateWebhookSecret(shop, validInput(c.input).params.id)),
    }),

    route.get("/webhook-deliveries", {
      request: { query: deliveryQuery },
      response: { 200: deliveriesAnswer, 400: errorAnswer },
      resolve: async (c) => {
        const { limit, endpointId, status, cursor } = validInput(c.input).query;
        const page = await listWebhookDeliveries(shop, {
          limit,
          ...(endpointId !== undefined && { endpointId }),
          ...(status !== undefined && { status }),
          ...(cursor !== undefined && { cursor }),
        });
        return Response.json(page);
      },
    }),

    route.post("/webhook-deliveries/:id/replay", {
      request: { params: idParams },
      response: { 202: replayAnswer, 404: errorAnswer, 409: errorAnswer },
      resolve: async (c) => {
        const jobId = await replayWebhookDelivery(shop, validInput(c.input).params.id);
        return Response.json({ jobId }, { status: 202 });
      },
    }),
  ];
}
