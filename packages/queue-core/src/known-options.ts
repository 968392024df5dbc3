/** Every name that an options object may have; the compiler holds the list complete. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * What is wrong with the names of an options object: one that is misspelt would be left out without a word. The
 * compiler tells of literals only, and of nothing that is spread or read from a file.
 * @param given `undefined` has no names
 * @returns null if nothing is
 */
export function unknownOption<Options>(
  given: Options | undefined,
  names: OptionNames<Options>,
): string | null {
  for (const name in given)
    if (!Object.hasOwn(names, name))
      return `there is no option "${name}"; those there are: ${Object.keys(names).join(", ")}`;
  return null;
}

const LONGEST_SHOWN = 100;

/** A value as a message shows it: text in quotes, so that "4" is not taken for 4, and of a long one the beginning. */
export function shown(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value);
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "function" ? "a function" : String(value);
}
