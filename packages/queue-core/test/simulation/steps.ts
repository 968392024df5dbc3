import { ENQUEUER_STEPS } from "./enqueuer-steps.ts";
import { GATE_STEPS } from "./gate-steps.ts";
import { OPERATOR_STEPS } from "./operator-steps.ts";
import { SCHEDULER_STEPS } from "./scheduler-steps.ts";
import type { Step } from "./step.ts";
import { TIME_STEPS } from "./time-steps.ts";
import { WORKER_STEPS } from "./worker-steps.ts";

/** What can happen next. */
export const STEPS: readonly Step[] = [
  ...ENQUEUER_STEPS,
  ...WORKER_STEPS,
  ...SCHEDULER_STEPS,
  ...OPERATOR_STEPS,
  ...GATE_STEPS,
  ...TIME_STEPS,
];
