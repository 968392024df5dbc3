import { seededRandom } from "../../src/testing/index.ts";

/** All that is left to chance in a run, drawn from one seed. */
export class Choices {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A whole number from 0 up to, but not including, `below`. */
  below(below: number): number {
    return Math.floor(this.random() * below);
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.random() * 100 < share;
  }

  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.below(items.length)];
  }

  /** One of some items, each as often as its weight says. */
  weighted<Item extends { readonly weight: number }>(items: readonly Item[]): Item | undefined {
    let point = this.random() * items.reduce((sum, { weight }) => sum + weight, 0);
    return items.find(({ weight }) => (point -= weight) < 0);
  }
}
