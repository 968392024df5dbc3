import { type RouteDescriptor, route, setup } from "@hectoday/http";
import { FaultLog } from "@holdfast/queue-core";
import type { Shop } from "@holdfast/services";
import { failure, noteAnswer } from "@holdfast/services/process";
import type { WebhookPolicy } from "@holdfast/services/webhooks";
import { type Caller, createKeyCheck, isOpenPath } from "./access/api-keys.ts";
import { refuseForeignPages } from "./access/foreign-pages.ts";
import { createRateLimit } from "./access/rate-limit.ts";
import { readBody } from "./edge/read-body.ts";
import { errorResponse } from "./error-response.ts";
import type { ApiLocals } from "./locals.ts";
import { RequestMeter } from "./metrics/request-meter.ts";
import { describeApi } from "./openapi/describe-api.ts";
import { healthRoutes } from "./routes/health-routes.ts";
import { metricsRoutes } from "./routes/metrics-routes.ts";
import { ORDER_HEADERS } from "./routes/order-headers.ts";
import { orderRoutes } from "./routes/order-routes.ts";
import { productRoutes } from "./routes/product-routes.ts";
import { webhookRoutes } from "./routes/webhook-routes.ts";

export interface ApiAppOptions {
  readonly shop: Shop;
  readonly webhookPolicy: WebhookPolicy;
  /** Keys of which each request must carry one; undefined lets everybody in. */
  readonly apiKeys: readonly string[] | undefined;
  /** Requests per minute that each key is let through; a tenth of it at once. */
  readonly ratePerMinute: number;
  /** The database's file, whose log is measured. */
  readonly databasePath: string;
  /** True once the process has begun to stop. */
  readonly isStopping: () => boolean;
}

/** The shop's API: products, orders, webhooks and what watches it. */
export function createApiApp(options: ApiAppOptions): {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly routes: readonly RouteDescriptor[];
} {
  const { shop, apiKeys, ratePerMinute: perMinute } = options;
  const { log, clock } = shop;
  const faults = new FaultLog(log);
  const callerOf = createKeyCheck(apiKeys);
  const limitRate = createRateLimit({ perMinute, burst: Math.ceil(perMinute / 10), clock });
  const meter = new RequestMeter(clock);
  /** Whose the requests are that have passed the gate. */
  const callers = new WeakMap<Request, Caller>();
  const app = setup<ApiLocals>({
    routes: routesOf(options, meter, faults),
    onRequest: ({ request }) => ({ caller: callers.get(request) }),
    onResponse: ({ request, response }) => {
      noteAnswer(request, response, faults);
      return withSecurityHeaders(response);
    },
    onError: ({ error }) => errorResponse(error, log, faults),
    onNotFound: () => failure(404, "NOT_FOUND", "There is nothing at this address"),
  });
  const passGate = (request: Request): Caller => {
    const caller = callerOf(request);
    // Without a key nobody can be told from anybody else, so nobody is limited.
    if (caller !== "") limitRate(caller);
    if (apiKeys === undefined) refuseForeignPages(request);
    return caller;
  };
  const answer = async (request: Request): Promise<Response> => {
    let checked: Request;
    try {
      // The gate comes first: to read and check a body costs far more than to refuse its sender.
      const caller = passGate(request);
      checked = await readBody(request);
      callers.set(checked, caller);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return withSecurityHeaders(errorResponse(error, log, faults));
    }
    return await app.fetch(checked);
  };
  return { fetch: (request) => meter.measure(request, () => answer(request)), routes: app.routes };
}

function routesOf(
  { shop, webhookPolicy, isStopping, databasePath }: ApiAppOptions,
  meter: RequestMeter,
  faults: FaultLog,
) {
  const described = [
    ...healthRoutes(shop, isStopping, faults),
    ...productRoutes(shop),
    ...orderRoutes(shop),
    ...webhookRoutes(shop, webhookPolicy),
  ];
  const document = describeApi(described, { isOpen: isOpenPath, headers: { "POST /orders": ORDER_HEADERS } });
  return [
    ...described,
    ...metricsRoutes(shop, meter, databasePath),
    route.get("/openapi.json", { resolve: () => Response.json(document) }),
  ];
}

/** Answers are data for programs: no browser is to guess a type, render or keep them. */
function withSecurityHeaders(response: Response): Response {
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
  return response;
}
