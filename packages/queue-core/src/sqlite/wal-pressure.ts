import type { Clock } from "../clock.ts";
import { logBytes } from "./checkpoint.ts";

const MEGABYTE = 1_048_576;
/** Up to here nobody waits: checkpoints keep a log that no reader holds below this. */
const EASY_BYTES = 24 * MEGABYTE;
/** Here the log ends to grow for good, */
const FULL_BYTES = 64 * MEGABYTE;
/** which it comes near to in this time, in milliseconds: the longest that we expect a reader to read on. */
const LONGEST_READ_MS = 60_000;
/** No commit waits longer, in milliseconds: a reader that never ends must slow the queue down, not stop it. */
const LONGEST_PAUSE_MS = 500;
/** The file is looked at this often, in milliseconds. At most 4 MB were seen to be written in that time. */
const LOOK_EVERY_MS = 20;

/**
 * Slows a process's writing down as the write-ahead log grows past what checkpoints can empty. They cannot while a
 * reader needs the older pages, nor while several processes write so fast that no checkpoint ever sees the log's end.
 *
 * Each commit is followed by a pause in proportion to the bytes it added: as many milliseconds as it would take to add
 * them at a rate that fills the room left in a minute. So the log nears its bound without reaching it, a process that
 * writes little waits little, and writes that gather during a pause share the next commit.
 */
export class WalPressure {
  readonly #path: string;
  readonly #clock: Clock;
  #bytes = 0;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #bytesAtBegin = 0;
  #freeAtMs = Number.NEGATIVE_INFINITY;

  /** @param path of the database file */
  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** How long the next transaction has to wait, in milliseconds; 0 almost always. */
  pauseMs(): number {
    const nowMs = this.#clock.monotonic();
    if (nowMs - this.#lookedAtMs >= LOOK_EVERY_MS) this.#look(nowMs);
    return this.#bytes <= EASY_BYTES ? 0 : Math.max(0, this.#freeAtMs - nowMs);
  }

  /** A transaction has the write lock. */
  began(): void {
    if (this.#bytes <= EASY_BYTES) return;
    this.#look(this.#clock.monotonic());
    this.#bytesAtBegin = this.#bytes;
  }

  /** It is committed. */
  committed(): void {
    if (this.#bytes <= EASY_BYTES) return;
    const nowMs = this.#clock.monotonic();
    this.#look(nowMs);
    this.#freeAtMs = nowMs + pauseAfter(this.#bytes - this.#bytesAtBegin, FULL_BYTES - this.#bytes);
  }

  #look(nowMs: number): void {
    this.#lookedAtMs = nowMs;
    this.#bytes = logBytes(this.#path);
  }
}

/**
 * How long to pause after a commit, in milliseconds.
 * @param added bytes by which the commit made the log longer
 * @param room bytes that are left until its bound
 */
export function pauseAfter(added: number, room: number): number {
  if (added <= 0) return 0;
  return room <= 0 ? LONGEST_PAUSE_MS : Math.min((added / room) * LONGEST_READ_MS, LONGEST_PAUSE_MS);
}
