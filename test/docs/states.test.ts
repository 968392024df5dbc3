import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { STATES_DOC, writeStatesDoc } from "../../scripts/write-states-doc.ts";

it("docs/states.md is what the table of transitions says (write it anew with `pnpm docs`)", () => {
  expect(readFileSync(STATES_DOC, "utf8")).toBe(writeStatesDoc());
});
