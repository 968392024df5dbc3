import { type App, route, setup } from "@hectoday/http";
import { FaultLog } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { answerHealth, failure, noteAnswer } from "@holdfast/services/process";
import type { Logger } from "pino";
import { passGate } from "./access/gate.ts";
import type { Sessions } from "./access/sessions.ts";
import { errorResponse } from "./error-response.ts";
import type { EventStreams } from "./event-streams.ts";
import type { AdminLocals } from "./locals.ts";
import { openPageFiles } from "./page-files.ts";
import { deadLetterRoutes } from "./routes/dead-letter-routes.ts";
import { decryptRoutes } from "./routes/decrypt-routes.ts";
import { discardRoutes } from "./routes/discard-routes.ts";
import { eventRoutes } from "./routes/event-routes.ts";
import { groupRoutes } from "./routes/group-routes.ts";
import { jobRoutes } from "./routes/job-routes.ts";
import { limitRoutes } from "./routes/limit-routes.ts";
import { listRoutes } from "./routes/list-routes.ts";
import { pageRoutes } from "./routes/page-routes.ts";
import { queueRoutes } from "./routes/queue-routes.ts";
import { scheduleRoutes } from "./routes/schedule-routes.ts";
import { sessionRoutes } from "./routes/session-routes.ts";
import { workflowRoutes } from "./routes/workflow-routes.ts";
import { withSecurityHeaders } from "./security-headers.ts";

export interface AdminAppOptions {
  readonly queue: ShopQueue;
  /** What operators log in with. */
  readonly token: string;
  readonly sessions: Sessions;
  /** To be closed before the server is: each is a request that does not end by itself. */
  readonly streams: EventStreams;
  /** Whether operators may see what is encrypted. */
  readonly mayDecrypt: boolean;
  readonly log: Logger;
}

/** The operators' API under `/admin` and the dashboard at `/`; closed to everybody who has not logged in. */
export function createAdminApp({ queue, token, sessions, streams, mayDecrypt, log }: AdminAppOptions): App {
  const files = openPageFiles();
  const faults = new FaultLog(log);
  return setup<AdminLocals>({
    routes: [
      route.get("/health", { resolve: () => answerHealth(queue, faults) }),
      ...queueRoutes(queue),
      ...jobRoutes(queue),
      ...deadLetterRoutes(queue),
      ...discardRoutes(queue),
      ...decryptRoutes(queue, mayDecrypt),
      ...scheduleRoutes(queue),
      ...limitRoutes(queue),
      ...groupRoutes(queue),
      ...listRoutes(queue),
      ...workflowRoutes(queue),
      ...eventRoutes(streams, sessions),
      ...sessionRoutes({ store: queue.store, sessions, token, files, log }),
      ...pageRoutes(files),
    ],
    onRequest: ({ request }) => ({ operator: passGate(request, { token, sessions }) }),
    onResponse: ({ request, response }) => {
      noteAnswer(request, response, faults);
      return withSecurityHeaders(response);
    },
    onError: ({ error }) => errorResponse(error, log, faults),
    onNotFound: () => failure(404, "NOT_FOUND", "There is nothing at this address"),
  });
}
