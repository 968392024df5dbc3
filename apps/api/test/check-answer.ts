import type { RouteDescriptor } from "@hectoday/http";
import { expect } from "vitest";
import { z } from "zod";
import { errorAnswer } from "../src/openapi/answer-schemas.ts";

/** Holds an answer against what the API's description promises for it. */
export function checkAnswer(
  routes: readonly RouteDescriptor[],
  request: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly body: unknown },
): void {
  const { pathname } = new URL(request.path, "http://localhost");
  const asked = routes.find(
    ({ method, path }) =>
      method === request.method && new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`).test(pathname),
  );
  const described = asked?.config.response;
  if (answer.status >= 400 && !described?.[answer.status]) {
    expect(errorAnswer.safeParse(answer.body).error).toBeUndefined();
  } else if (described) {
    const schema = described[answer.status];
    expect(schema, `${request.method} ${request.path} answered ${answer.status}`).toBeDefined();
    if (schema instanceof z.ZodVoid) expect(answer.body).toBe("");
    else expect(schema?.safeParse(answer.body).error).toBeUndefined();
  }
}
