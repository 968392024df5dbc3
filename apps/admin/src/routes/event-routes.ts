import { route } from "@hectoday/http";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import type { Sessions } from "../access/sessions.ts";
import type { EventStreams } from "../event-streams.ts";
import { operatorIn } from "../locals.ts";
import { jobId, typeName } from "../request-input.ts";

const watched = z.object({ type: typeName.optional(), job: jobId.optional() });

/** What happens to jobs, as it happens. */
export function eventRoutes(streams: EventStreams, sessions: Sessions) {
  return [
    route.get("/admin/events", {
      request: { query: watched },
      resolve: (c) => {
        const { type, job } = validInput(c.input).query;
        const { sessionId } = operatorIn(c.locals);
        return streams.open({
          ...(type !== undefined && { type }),
          ...(job !== undefined && { jobId: job }),
          isWelcome: () => sessionId === null || sessions.isOpen(sessionId),
        });
      },
    }),
  ];
}
