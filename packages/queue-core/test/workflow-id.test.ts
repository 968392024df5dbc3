import { expect, it } from "vitest";
import { newWorkflowId } from "../src/workflow-id.ts";

it("R14: workflow ids sort by time and differ within a millisecond", () => {
  const at = Date.UTC(2026, 0, 1);
  const ids = [
    newWorkflowId(at, () => 0),
    newWorkflowId(at, () => 0.999_999_999_9),
    newWorkflowId(at + 1, () => 0),
  ];
  expect(ids).toEqual([
    "wf-19b76daa800-0000000000000000",
    "wf-19b76daa800-3fffffff3fffffff",
    "wf-19b76daa801-0000000000000000",
  ]);
  expect(ids.toSorted()).toEqual(ids);
});
