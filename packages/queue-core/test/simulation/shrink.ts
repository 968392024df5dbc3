import { type Course, type Laboratory, simulate } from "./simulate.ts";

/**
 * Leaves out steps of a run that breaks a rule, as long as what is left still breaks one: first halves, then smaller
 * and smaller parts ("delta debugging").
 * @see https://www.st.cs.uni-saarland.de/papers/tse2002/
 */
export async function shrink(laboratory: Laboratory, seeds: readonly number[]): Promise<Course> {
  let left = seeds;
  for (let part = Math.ceil(left.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let start = 0; start < left.length; ) {
      const without = [...left.slice(0, start), ...left.slice(start + part)];
      const { violations } = await simulate(laboratory, without);
      if (violations.length > 0) left = without;
      else start += part;
    }
  }
  return simulate(laboratory, left);
}
