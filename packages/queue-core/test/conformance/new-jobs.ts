import type { NewJob } from "../../src/store.ts";

/** A job as the store takes it, for what a handler adds: `mail` with every default, unless said otherwise. */
export function newJob(settings: Partial<NewJob> = {}): NewJob {
  return {
    type: "mail",
    payload: '{"n":2}',
    payloadVersion: 1,
    keyId: null,
    priority: 5,
    maxAttempts: 5,
    delayMs: 0,
    workflowId: null,
    detached: false,
    uniqueKey: null,
    slotAtMs: null,
    step: null,
    dependsOn: [],
    expireAfterMs: null,
    ...settings,
  };
}
