import type { RouteDescriptor } from "@hectoday/http";
import { z } from "zod";
import { errorAnswer } from "./answer-schemas.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

const STATUS_TEXT: Readonly<Record<string, string>> = {
  200: "Found",
  201: "Created",
  202: "Accepted; what is left to do happens in the background",
  204: "Done",
  400: "The request is not what the route takes; `details` names each field",
  401: "The API key is missing or wrong",
  402: "The payment was declined",
  404: "There is no such thing",
  409: "It cannot be done as things stand",
  413: "The body is larger than 256 KB",
  422: "The Idempotency-Key stands for another request",
  429: "Too many requests with this key; `Retry-After` says when to try again",
  503: "Not available just now; `Retry-After` says when to try again",
};

/** What the gate may answer before a route sees its request, and what any route may: the database can be locked. */
const COMMON_ANSWERS = { 401: errorAnswer, 429: errorAnswer, 503: errorAnswer };

/** A header that a route reads beside what its schemas cover. */
export interface HeaderParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** What is said of routes that they do not say themselves. */
interface ApiNotes {
  /** Whether a path asks for no API key. */
  readonly isOpen: (path: string) => boolean;
  /** By route, e.g. `POST /orders`. */
  readonly headers: Readonly<Record<string, readonly HeaderParameter[]>>;
}

/**
 * Describes an API as OpenAPI 3.0, from the very schemas that its routes validate with.
 * @param routes the routes; those without `response` are left out
 * @returns the document, ready to be sent as JSON
 */
export function describeApi(routes: readonly RouteDescriptor[], notes: ApiNotes): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    if (!route.config.response) continue;
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route, notes) };
  }
  return {
    openapi: "3.0.3",
    info: {
      title: "Holdfast shop API",
      version: "1",
      description: "Times are ISO 8601 UTC, money is whole cents.",
    },
    paths,
    security: [{ apiKey: [] }],
    components: { securitySchemes: { apiKey: { type: "http", scheme: "bearer" } } },
  };
}

function describeRoute({ method, path, config }: RouteDescriptor, notes: ApiNotes): Record<string, unknown> {
  const { request, response = {} } = config;
  const isOpen = notes.isOpen(path);
  const answers = isOpen ? response : { ...response, ...COMMON_ANSWERS };
  const headers = notes.headers[`${method} ${path}`] ?? [];
  const parameters = [
    ...parametersIn("path", request?.params && schemaOf(request.params)),
    ...parametersIn("query", request?.query && schemaOf(request.query)),
    ...headers.map((header) => ({ in: "header", required: false, ...header })),
  ];
  return {
    ...(isOpen && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(request?.body && { requestBody: { required: true, content: json(schemaOf(request.body)) } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, schema]) => {
        const hasBody = !(schema instanceof z.ZodVoid);
        return [
          status,
          { description: STATUS_TEXT[status], ...(hasBody && { content: json(schemaOf(schema)) }) },
        ];
      }),
    ),
  };
}

function parametersIn(place: "path" | "query", schema: JsonSchema | undefined): Record<string, unknown>[] {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || (schema?.required?.includes(name) ?? false),
    schema: property,
  }));
}

/** What a client sends, not what a route makes of it: a default makes a field optional, a coercion takes text. */
function schemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" });
}

function json(schema: JsonSchema): Record<string, unknown> {
  return { "application/json": { schema } };
}
