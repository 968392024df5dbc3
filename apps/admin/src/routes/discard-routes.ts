import { route } from "@hectoday/http";
import type { ShopQueue } from "@holdfast/services";
import { validInput } from "@holdfast/services/process";
import { listAnswer } from "../list-answer.ts";
import { operatorIn } from "../locals.ts";
import { idParams, pageQuery } from "../request-input.ts";

/** Dead letters that were taken off the list: to put back, or to delete for good. `:id` is the dead letter's id. */
export function discardRoutes({ store }: ShopQueue) {
  return [
    route.get("/admin/discarded", {
      request: { query: pageQuery },
      resolve: async (c) => {
        const { limit, cursor } = validInput(c.input).query;
        return listAnswer(await store.listDiscarded({ limit, ...(cursor !== undefined && { cursor }) }));
      },
    }),

    route.post("/admin/discarded/:id/put-back", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const { actor } = operatorIn(c.locals);
        await store.putBack(id, { actor, action: "dead_letter.put_back", subject: id, detail: null });
        return new Response(null, { status: 204 });
      },
    }),

    route.delete("/admin/discarded/:id", {
      request: { params: idParams },
      resolve: async (c) => {
        const { id } = validInput(c.input).params;
        const { actor } = operatorIn(c.locals);
        await store.erase(id, { actor, action: "dead_letter.erase", subject: id, detail: null });
        return new Response(null, { status: 204 });
      },
    }),
  ];
}
