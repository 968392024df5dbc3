// A process that makes the known commits and is killed before it can close the database.
import { takeKnownSteps } from "./known-steps.ts";

const [, , path = "", steps = "0", checkpointAfter = "0"] = process.argv;
process.send?.("ready");
await takeKnownSteps(
  path,
  { steps: Number(steps), checkpointAfter: Number(checkpointAfter) },
  () => undefined,
);
process.kill(process.pid, "SIGKILL");
