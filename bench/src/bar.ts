import type { BarId, Size } from "./options.ts";
import type { PeerHost } from "./peers/peer-host.ts";

/** One ratio of a bar, held to its least (or, `atMost`, to its most). */
export interface Part {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly against: string;
  readonly ratio: number;
  /** Least and most of the rounds' own ratios; null where the value is one figure. */
  readonly range: readonly [least: number, most: number] | null;
  readonly bar: number;
  /** The ratio must not be above the bar rather than not below it. */
  readonly atMost: boolean;
  readonly ok: boolean;
}

/** Every figure of every round, by who was measured. */
export type Runs = Readonly<Record<string, readonly number[]>>;

/** What a bar came to. `value`, `ratio` and `bar` are those of its first part; `ok` is true if all parts are. */
export interface BarResult {
  readonly id: BarId;
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio: number;
  readonly bar: number;
  readonly ok: boolean;
  readonly runs: Runs;
  readonly parts: readonly Part[];
  readonly notes: readonly string[];
}

/** What a bar is given to measure with. */
export interface Bench {
  readonly size: Size;
  /** A fresh folder on a real disk; it is deleted at the end. */
  folder(): string;
  say(line: string): void;
  readonly peers: PeerHost;
}

/** Picks the size of something by how large the run is. */
export function sized(bench: Pick<Bench, "size">, sizes: Readonly<Record<Size, number>>): number {
  return sizes[bench.size];
}

/**
 * How many jobs each process does before it is timed, whoever is measured: V8 compiles what is called often, in threads
 * of its own that take a second core, and a service is done with that seconds after its start.
 */
export function warmUpOf(bench: Pick<Bench, "size">): number {
  return sized(bench, { full: 20_000, quick: 10_000, tiny: 100 });
}

export function warmUpNote(warmUp: number): string {
  return `whoever is measured has done ${warmUp.toLocaleString("en")} jobs before, untimed`;
}

export interface BarFigures {
  readonly id: BarId;
  readonly title: string;
  readonly runs: Runs;
  readonly parts: readonly Part[];
  readonly notes?: readonly string[];
}

/** @throws {Error} if the bar has no part */
export function toResult({ id, title, runs, parts, notes = [] }: BarFigures): BarResult {
  const [first] = parts;
  if (!first) throw new Error(`${id} was measured without a single ratio`);
  const { value, unit, ratio, bar } = first;
  return { id, title, value, unit, ratio, bar, ok: parts.every(({ ok }) => ok), runs, parts, notes };
}
