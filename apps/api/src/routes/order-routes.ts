import { route } from "@hectoday/http";
import type { Shop } from "@holdfast/services";
import {
  OrderNotFoundError,
  orderRequest,
  placeOrder,
  placeOrderLater,
  readOrderWithJobs,
} from "@holdfast/services/orders";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import { callerIn } from "../locals.ts";
import { errorAnswer, orderAnswer, orderWithJobsAnswer } from "../openapi/answer-schemas.ts";
import { answerOrder } from "./answer-order.ts";
import { idempotencyKeyOf, prefersAsync } from "./order-headers.ts";

/** Ordering, and looking at what became of it. */
export function orderRoutes(shop: Shop) {
  return [
    route.post("/orders", {
      request: { body: orderRequest },
      response: {
        201: orderAnswer,
        202: orderAnswer,
        400: errorAnswer,
        402: errorAnswer,
        409: errorAnswer,
        413: errorAnswer,
        422: errorAnswer,
        503: errorAnswer,
      },
      resolve: async (c) => {
        const { headers } = c.request;
        const { body } = validInput(c.input);
        const idempotencyKey = idempotencyKeyOf(headers, callerIn(c.locals));
        if (!prefersAsync(headers)) return answerOrder(await placeOrder(shop, body, { idempotencyKey }));
        const answer = answerOrder(await placeOrderLater(shop, body, { idempotencyKey }));
        answer.headers.set("preference-applied", "respond-async");
        return answer;
      },
    }),

    route.get("/orders/:id", {
      request: { params: z.object({ id: z.string() }) },
      response: { 200: orderWithJobsAnswer, 404: errorAnswer },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const order = await readOrderWithJobs(shop, id);
        if (!order) throw new OrderNotFoundError(id.slice(0, 64));
        return Response.json(order);
      },
    }),
  ];
}
