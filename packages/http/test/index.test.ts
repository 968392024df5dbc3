import * as http from "@hectoday/http";
import { expect, it } from "vitest";

it("1: the package exports its four functions and `route`, and no other value", () => {
  expect(Object.keys(http).sort()).toEqual(["cors", "createRoutes", "group", "route", "setup"]);
  for (const name of ["cors", "createRoutes", "group", "setup"] as const) {
    expect(http[name]).toBeTypeOf("function");
  }
  expect(http.route).toBeTypeOf("object");
});
