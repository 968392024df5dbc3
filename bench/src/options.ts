import { parseArgs } from "node:util";

/** The bars' names, in the order they are measured. */
const BAR_IDS = ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10"] as const;
export type BarId = (typeof BAR_IDS)[number];
export const HELP = `Usage: pnpm bench [--only P3,P7] [--quick] [--json] [--write]

Measures Holdfast against the raw database and against its peers, in turns, and holds it to the bars P1-P10.

  --only IDS   only these bars, separated by commas
  --quick      smaller sizes and fewer rounds: minutes become seconds, figures become rough
  --json       one object per bar on standard output instead of the table
  --write      put the figures into docs/performance.md and its chart; those of bars not measured stay
  --help       this text

A bar that is missed is printed as missed; the exit code is 1 only if something broke.
`;

/** How large a run is. `tiny` exists for the test that looks at the output's shape and never at a figure. */
export type Size = "full" | "quick" | "tiny";

export interface BenchOptions {
  readonly only: readonly BarId[];
  readonly size: Size;
  readonly json: boolean;
  /** Write the figures into docs/performance.md. */
  readonly write: boolean;
  readonly help: boolean;
}

export class OptionUnknownError extends Error {
  readonly code = "OPTION_UNKNOWN";
}

/** @throws {OptionUnknownError} naming what was not understood and what there is */
export function readOptions(args: readonly string[]): BenchOptions {
  const { only, ...values } = parse(args);
  const names = (only ?? BAR_IDS.join(",")).split(",").map((name) => name.trim().toUpperCase());
  const unknown = names.filter((name) => !BAR_IDS.some((id) => id === name));
  if (unknown.length > 0) {
    throw new OptionUnknownError(`There is no bar ${unknown.join(", ")}. There are: ${BAR_IDS.join(", ")}`);
  }
  const size = values.tiny ? "tiny" : values.quick ? "quick" : "full";
  return {
    only: BAR_IDS.filter((id) => names.includes(id)),
    size,
    json: values.json,
    write: values.write,
    help: values.help,
  };
}

function parse(args: readonly string[]): {
  only: string | undefined;
  quick: boolean;
  tiny: boolean;
  json: boolean;
  write: boolean;
  help: boolean;
} {
  const flag = { type: "boolean", default: false } as const;
  const options = {
    only: { type: "string" },
    quick: flag,
    tiny: flag,
    json: flag,
    write: flag,
    help: { ...flag, short: "h" },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    return { ...values, only: values.only };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OptionUnknownError(`${reason}\n\n${HELP}`, { cause: error });
  }
}
