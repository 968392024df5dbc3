import type { z } from "zod";
import { notesOn, type VariableNotes } from "./variable.ts";
import { VARIABLE_GROUPS } from "./variables.ts";

const HEADER = `# Every variable that Holdfast reads, with its default. Copy this file to .env and change what you need.
# Generated from the schemas by scripts/write-env-example.ts; relative paths start at this folder.
`;

/** The text of `.env.example`: each variable with its description, commented out where it has no default. */
export function writeEnvExample(): string {
  const groups = VARIABLE_GROUPS.map(({ title, variables }) => {
    const lines = Object.entries<z.ZodType>(variables).map(([name, variable]) =>
      entry(name, notesOn(variable)),
    );
    return `\n# --- ${title} ---\n\n${lines.join("\n")}`;
  });
  return `${HEADER}${groups.join("")}`;
}

function entry(name: string, { description, fallback }: VariableNotes): string {
  return `# ${description}\n${fallback === undefined ? `# ${name}=` : `${name}=${quoted(fallback)}`}\n`;
}

/** Values with spaces or `<` need quotes to survive a shell that sources the file. */
function quoted(value: string): string {
  return /^[\w./:@-]*$/.test(value) ? value : `"${value}"`;
}
