import type { ZodType, z } from "zod/v4";
import { parseJsonBody } from "./body.ts";
import { parseQuery } from "./query.ts";

/** A part of the request that a schema can describe. */
export type RequestPart = "params" | "query" | "body";

/** One reason why a request did not match its schemas. */
export interface ValidationIssue {
  readonly part: RequestPart;
  /** Where in the part the problem is; array indexes are strings, `["items", "0", "quantity"]`. */
  readonly path: readonly string[];
  readonly message: string;
  /** zod's issue code, or `invalid_json` for a body that is not JSON. */
  readonly code?: string;
}

/** The input of a request whose parts all matched. */
export interface InputStateOk<TParams, TQuery, TBody> {
  readonly ok: true;
  readonly params: TParams;
  readonly query: TQuery;
  readonly body: TBody;
  readonly issues: readonly [];
  readonly failed: readonly [];
}

/** The input of a request with at least one bad part: none of the three values can be read. */
export interface InputStateFailed {
  readonly ok: false;
  readonly params: undefined;
  readonly query: undefined;
  readonly body: undefined;
  readonly issues: readonly ValidationIssue[];
  readonly failed: readonly RequestPart[];
}

/** What a handler reads its request from, once it has looked at `ok`. */
export type InputState<TParams, TQuery, TBody> = InputStateOk<TParams, TQuery, TBody> | InputStateFailed;

/** The type a schema's part has in `c.input`; `TRaw` is the part's type when there is no schema. */
export type PartOutput<TSchema, TRaw> = TSchema extends ZodType ? z.output<TSchema> : TRaw;

/** The schemas of a route's `request`, with their exact types erased. */
export interface RequestSchemas {
  readonly params?: ZodType | undefined;
  readonly query?: ZodType | undefined;
  readonly body?: ZodType | undefined;
}

type PartResult = { readonly value: unknown; readonly issues: readonly ValidationIssue[] };

/**
 * Extracts params, query and body from a request and validates each against its schema.
 *
 * @param rawParams path parameters as the router found them, not percent-decoded
 * @param search the URL's query, with or without its leading `?`
 */
export async function readInput(
  request: Request,
  rawParams: Readonly<Record<string, string>>,
  search: string,
  schemas: RequestSchemas = {},
): Promise<InputState<unknown, unknown, unknown>> {
  const rawQuery = parseQuery(search);
  // Without a body schema the stream stays unread, so that the handler can take the exact bytes itself.
  const rawBody = schemas.body && (await parseJsonBody(request));

  const params = validate("params", schemas.params, rawParams);
  const query = validate("query", schemas.query, rawQuery);
  const body: PartResult =
    rawBody?.kind === "malformed" ? malformedBody : validate("body", schemas.body, rawBody?.value);

  const results = { params, query, body };
  const parts = ["params", "query", "body"] as const;
  const failed = parts.filter((part) => results[part].issues.length > 0);
  if (failed.length === 0) {
    return { ok: true, params: params.value, query: query.value, body: body.value, issues: [], failed: [] };
  }

  // Malformed JSON is found while extracting, which comes before any schema: its issue stands first.
  const order = body === malformedBody ? (["body", "params", "query"] as const) : parts;
  const issues = order.flatMap((part) => results[part].issues);
  return { ok: false, params: undefined, query: undefined, body: undefined, issues, failed };
}

const malformedBody: PartResult = {
  value: undefined,
  issues: [{ part: "body", path: [], message: "Invalid JSON", code: "invalid_json" }],
};

function validate(part: RequestPart, schema: ZodType | undefined, raw: unknown): PartResult {
  if (!schema) return { value: raw, issues: [] };
  // The synchronous parse: an async refinement throws here, which is a fault of the route, not of the request.
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { value: parsed.data, issues: [] };
  const issues = parsed.error.issues.map(({ path, message, code }) => ({
    part,
    path: path.map(String),
    message,
    code,
  }));
  return { value: undefined, issues };
}
