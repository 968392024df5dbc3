/**
 * A small random number generator that repeats itself (mulberry32), so that a failing run can be repeated.
 * @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 * @param seed a whole number
 * @returns numbers in [0, 1)
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A seed for this run: the one in `HOLDFAST_SEED` to repeat a run, else a new one. It is printed either way.
 * @param test names the run in what is printed
 */
export function seedOfRun(test: string): number {
  const seed = Number(process.env.HOLDFAST_SEED) || Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`${test}: HOLDFAST_SEED=${seed}\n`);
  return seed;
}
