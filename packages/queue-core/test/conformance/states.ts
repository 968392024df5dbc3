import { expect } from "vitest";
import { type JobState, outcomesOf, STATES, TRANSITIONS, type Verb } from "../../src/transitions.ts";
import { buildJobIn } from "./job-in-state.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed } from "./test-bed.ts";
import { INDIRECT_VERBS, REFUSALS, VERB_ATTEMPTS } from "./verb-attempts.ts";

const VERBS = Object.keys(TRANSITIONS) as Verb[];
const ALL_STATES = Object.keys(STATES) as JobState[];

/** All that can be seen of one job. */
async function lookAt(bed: TestBed, jobId: string): Promise<unknown> {
  return [await bed.store.getJob(jobId), await bed.store.attempts(jobId)];
}

/** The table of transitions, tried out whole: every verb on a job in every state. */
export function stateRules(rule: Rule): void {
  for (const verb of VERBS) {
    for (const state of ALL_STATES) {
      // Its key is free, so another job is added: a rule of the dead letters.
      if (verb === "enqueue" && state === "discarded") continue;
      const title = `R2: ${verb} a job that is ${state}`;
      const outcomes = outcomesOf(verb, state);
      if (outcomes.length > 0) rule(`${title}: then ${outcomes.join(" or ")}`, allowed(verb, state));
      else rule(`${title}: refused, nothing changes`, refused(verb, state));
    }
  }
}

function allowed(verb: Verb, state: JobState): (bed: TestBed) => Promise<void> {
  return async (bed) => {
    const subject = await buildJobIn(bed, state, verb === "restore" ? "parent" : "hand");
    expect(await bed.states(subject.jobId)).toEqual([state]);
    const attempted = await VERB_ATTEMPTS[verb](bed, subject);
    expect(attempted).toEqual({ jobId: expect.any(String) });
    const [after] = await bed.states("jobId" in attempted ? attempted.jobId : "");
    expect(outcomesOf(verb, state)).toContain(after);
  };
}

function refused(verb: Verb, state: JobState): (bed: TestBed) => Promise<void> {
  return async (bed) => {
    const subject = await buildJobIn(bed, state, "hand");
    expect(await bed.states(subject.jobId)).toEqual([state]);
    const [dump, seen] = [await bed.database.dump(), await lookAt(bed, subject.jobId)];
    const attempted = await VERB_ATTEMPTS[verb](bed, subject);
    expect(await lookAt(bed, subject.jobId)).toEqual(seen);
    if (INDIRECT_VERBS.includes(verb)) return;
    expect(attempted).toEqual({ refusal: REFUSALS[verb](state !== "gone" && state !== "discarded") });
    expect(await bed.database.dump()).toEqual(dump);
  };
}
