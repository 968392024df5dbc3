import { withoutSealed } from "@holdfast/queue-core";

/** Answers with one resource; where something of it is encrypted stands with which key. */
export function answer(resource: object, init?: ResponseInit): Response {
  return Response.json(withoutSealed(resource), init);
}
