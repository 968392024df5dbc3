import type { OrderView } from "@holdfast/services/orders";
import { failure } from "@holdfast/services/process";

/** Answers `POST /orders` by how far the order has come. */
export function answerOrder(order: OrderView): Response {
  const { id, status } = order;
  const headers = { location: `/orders/${id}` };
  switch (status) {
    case "paid":
    case "completed":
      return Response.json(order, { status: 201, headers });
    // Accepted, and closed without the customer: by its job, or by the reconciler.
    case "pending":
    case "payment_unknown":
      return Response.json(order, { status: 202, headers });
    case "payment_failed":
      return failure(402, "PAYMENT_DECLINED", `The payment was declined; order ${id} was not placed`, {
        headers,
      });
    // Perhaps charged all the same, if the gateway's answer came too late: then it is given back.
    case "cancelled":
    case "refunded":
      return failure(
        503,
        "PAYMENT_UNAVAILABLE",
        `Payment is not available just now; order ${id} was cancelled and costs you nothing. Order again later`,
        { headers: { ...headers, "retry-after": "30" } },
      );
  }
}
