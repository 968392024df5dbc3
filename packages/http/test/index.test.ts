import * as http from "@hectoday/http";
import { expect, it } from "vitest";

it("1: the package exports its four functions and `route`, and no other value", () => {
  const kinds = Object.entries(http).map(([name, value]) => [name, typeof value]);
  expect(Object.fromEntries(kinds)).toEqual({
    cors: "function",
    createRoutes: "function",
    group: "function",
    route: "object",
    setup: "function",
  });
});
