import { EnvironmentInvalidError } from "@holdfast/services/process";
import { expect, it } from "vitest";
import { HANDLED_TYPES } from "../src/handlers.ts";
import { selectJobTypes } from "../src/job-types.ts";

it("without WORKER_TYPES a worker takes all types", () => {
  expect(selectJobTypes(undefined)).toEqual(HANDLED_TYPES);
});

it("with it, just those, each once", () => {
  const types = selectJobTypes(["send_webhook", "generate_invoice", "send_webhook"]);
  expect([...types].sort()).toEqual(["generate_invoice", "send_webhook"]);
});

it("names without a handler are all listed", () => {
  const select = () => selectJobTypes(["send_webhook", "send_telegram", "constructor"]);
  expect(select).toThrow(EnvironmentInvalidError);
  expect(select).toThrow(/no handler for send_telegram, constructor;/);
});
