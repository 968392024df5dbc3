import { existsSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { answersTo } from "./bell-names.ts";

/** The folder is read at most this often, in milliseconds: under a stream of commits that is next to nothing. */
const RING_EVERY_MS = 1;

/** Where the bells of a database hang. */
export function bellsFolder(path: string): string {
  return `${path}-bells`;
}

/**
 * Wakes idle workers of any process: each has a file in a folder beside the database and watches it, and to unlink that
 * file is to ring. Only one caller can unlink it, so a job wakes one worker and not all of them. It is done after the
 * commit, as a look before would find nothing. What fails here costs a poll: no caller hears of it.
 */
export class BellRinger {
  readonly #folder: string | null;
  readonly #clock: Clock;
  readonly #due = new Map<string, number>();
  #rangAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param folder null where there are no files: nobody is rung for */
  constructor(folder: string | null, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** @param claimable how many jobs of which line can be claimed now */
  ring(claimable: ReadonlyMap<string, number>): void {
    if (this.#folder === null || claimable.size === 0) return;
    for (const [type, count] of claimable) this.#due.set(type, (this.#due.get(type) ?? 0) + count);
    if (this.#clock.monotonic() - this.#rangAtMs >= RING_EVERY_MS) this.#ringNow();
    else this.#timer ??= setTimeout(() => this.#ringNow(), RING_EVERY_MS);
  }

  /** Rings for what is left. */
  stop(): void {
    if (this.#timer !== undefined) this.#ringNow();
  }

  #ringNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#rangAtMs = this.#clock.monotonic();
    const bells = this.#bells();
    for (const [type, count] of this.#due) {
      let left = count;
      for (const name of bells) {
        if (left === 0) break;
        if (!answersTo(name, type)) continue;
        bells.delete(name);
        if (this.#unlink(name)) left -= 1;
      }
    }
    this.#due.clear();
  }

  #bells(): Set<string> {
    const folder = this.#folder;
    try {
      return folder !== null && existsSync(folder) ? new Set(readdirSync(folder)) : new Set();
    } catch {
      // Gone since, or not ours to read: whoever is idle looks by itself in a while.
      return new Set();
    }
  }

  /** Whether it was this call that rang. */
  #unlink(name: string): boolean {
    try {
      unlinkSync(join(this.#folder ?? "", name));
      return true;
    } catch {
      // Somebody else rang it, or it hangs where we may not: the next one, then.
      return false;
    }
  }
}
