/**
 * A repeatable stand-in for `Math.random`: the same seed gives the same sequence.
 * @see mulberry32 by Tommy Ettinger, public domain; its 2^32 states are plenty for deciding failures, not for secrets
 * @param seed any number; its lowest 32 bits count
 * @returns a function giving numbers in [0, 1)
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
