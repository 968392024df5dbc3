// Writes docs/states.md from the table of transitions; a test compares the two.
import { writeFileSync } from "node:fs";
import { type JobState, outcomesOf, STATES, TRANSITIONS, type Verb } from "@holdfast/queue-core";

export const STATES_DOC = "docs/states.md";

const VERBS = Object.keys(TRANSITIONS) as Verb[];
const ALL_STATES = Object.keys(STATES) as JobState[];

/** The text of docs/states.md. */
export function writeStatesDoc(): string {
  return `# The states of a job

Written by \`pnpm docs\` from \`packages/queue-core/src/transitions.ts\`, which is also what the code checks and
what the test of every verb in every state is made of.

\`\`\`mermaid
stateDiagram-v2
${diagram()}
\`\`\`

## States

| state | what it means |
| --- | --- |
${ALL_STATES.map((state) => `| \`${state}\` | ${STATES[state]} |`).join("\n")}

## Verbs

| verb | from | to | why |
| --- | --- | --- | --- |
${VERBS.map(verbRow).join("\n")}

## Every verb in every state

Where a cell is empty the verb is refused and changes nothing.

| | ${ALL_STATES.join(" | ")} |
|${" --- |".repeat(ALL_STATES.length + 1)}
${VERBS.map(outcomeRow).join("\n")}
`;
}

/** One arrow for each pair of states, with all the verbs that lead along it. */
function diagram(): string {
  const arrows = new Map<string, Verb[]>();
  for (const verb of VERBS) {
    for (const from of ALL_STATES) {
      for (const to of outcomesOf(verb, from)) {
        const arrow = `  ${node(from)} --> ${node(to)}`;
        arrows.set(arrow, [...(arrows.get(arrow) ?? []), verb]);
      }
    }
  }
  return [...arrows].map(([arrow, verbs]) => `${arrow}: ${verbs.join(", ")}`).join("\n");
}

/** Mermaid's start and end are both drawn as `[*]`: a job that is not there. */
function node(state: JobState): string {
  return state === "gone" ? "[*]" : state;
}

function verbRow(verb: Verb): string {
  const { from, to, why } = TRANSITIONS[verb];
  return `| **${verb}** | ${from.join(", ")} | ${to.join(", ")} | ${why} |`;
}

function outcomeRow(verb: Verb): string {
  const cells = ALL_STATES.map((state) => outcomesOf(verb, state).join(", "));
  return `| **${verb}** | ${cells.join(" | ")} |`;
}

if (import.meta.main) writeFileSync(STATES_DOC, writeStatesDoc());
