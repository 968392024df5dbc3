import type { Pace } from "../limits.ts";
import { fullAtAfter, isTooFarAhead, nextTokenInMs, type TokenBucket, tokensIn } from "../token-bucket.ts";
import type { Connection } from "./connection.ts";

/** A limit that holds for each key by itself. */
export interface KeyLimit extends Pace {
  readonly name: string;
  readonly types: ReadonlySet<string>;
}

/** What a limit leaves for one key. */
interface Room {
  readonly limit: KeyLimit;
  readonly key: string;
  readonly free: number;
  readonly bucket: TokenBucket | null;
  readonly tokens: number;
  taken: number;
}

const leftIn = ({ free, tokens, taken }: Room): number => Math.min(free, tokens) - taken;

/** How many jobs of each key may start, as one transaction sees it; a key is looked at when it is asked about. */
export class KeyRooms {
  readonly #connection: Connection;
  readonly #keyed: ReadonlyMap<string, readonly KeyLimit[]>;
  readonly #nowMs: number;
  readonly #rooms = new Map<string, Room>();
  #running: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined;

  constructor(connection: Connection, keyed: ReadonlyMap<string, readonly KeyLimit[]>, nowMs: number) {
    this.#connection = connection;
    this.#keyed = keyed;
    this.#nowMs = nowMs;
  }

  /** How many more jobs of a type and key may start; any number where nothing limits them. */
  of(type: string, key: string): number {
    return Math.min(...this.#behind(type, key).map(leftIn));
  }

  /** @returns whether there was room for one more */
  take(type: string, key: string): boolean {
    const rooms = this.#behind(type, key);
    if (rooms.some((room) => leftIn(room) <= 0)) return false;
    for (const room of rooms) room.taken += 1;
    return true;
  }

  /** Forgets what was taken: it is chosen anew. */
  putBack(): void {
    for (const room of this.#rooms.values()) room.taken = 0;
  }

  /** In how many milliseconds there may be room; null if it is for a run to end that it waits. */
  waitMs(type: string, key: string): number | null {
    const shut = this.#behind(type, key).filter((room) => leftIn(room) <= 0);
    const waits = shut.map(({ free, bucket, taken }) => {
      if (!bucket || free <= taken) return null;
      const spent = { ...bucket, fullAtUs: fullAtAfter(bucket, this.#nowMs, taken) };
      return nextTokenInMs(spent, this.#nowMs);
    });
    return waits.includes(null) ? null : Math.max(1, ...waits.map((wait) => wait ?? 0));
  }

  /** How long any key may have to wait for its next token at most, in milliseconds. */
  get longestWaitMs(): number {
    const limits = [...this.#keyed.values()].flat();
    return Math.max(0, ...limits.map(({ rate }) => (rate ? Math.ceil(rate.periodMs / rate.limit) + 1 : 0)));
  }

  /** Spends the tokens of what was taken, and sets buckets right that the clock has left behind. */
  spend(): void {
    for (const { limit, key, bucket, taken } of this.#rooms.values()) {
      if (!bucket || (taken === 0 && !isTooFarAhead(bucket, this.#nowMs))) continue;
      this.#connection.run(
        `INSERT INTO key_bucket (name, key, full_at_us) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET full_at_us = excluded.full_at_us`,
        limit.name,
        key,
        fullAtAfter(bucket, this.#nowMs, taken),
      );
    }
  }

  #behind(type: string, key: string): readonly Room[] {
    return (this.#keyed.get(type) ?? []).map((limit) => {
      const id = `${limit.name} ${key}`;
      const known = this.#rooms.get(id);
      if (known) return known;
      const room = this.#look(limit, key);
      this.#rooms.set(id, room);
      return room;
    });
  }

  #look(limit: KeyLimit, key: string): Room {
    const { rate, concurrency, types } = limit;
    const bucket = rate && { rate, fullAtUs: this.#fullAtUs(limit, key) };
    const running =
      concurrency === null ? 0 : [...types].reduce((sum, type) => sum + this.#countRunning(type, key), 0);
    return {
      limit,
      key,
      free: concurrency === null ? Number.POSITIVE_INFINITY : concurrency - running,
      bucket,
      tokens: bucket ? tokensIn(bucket, this.#nowMs) : Number.POSITIVE_INFINITY,
      taken: 0,
    };
  }

  #fullAtUs({ name }: KeyLimit, key: string): number {
    const row = this.#connection.get<{ full_at_us: number }>(
      "SELECT full_at_us FROM key_bucket WHERE name = ? AND key = ?",
      name,
      key,
    );
    return row?.full_at_us ?? 0;
  }

  #countRunning(type: string, key: string): number {
    this.#running ??= countRunning(this.#connection);
    return this.#running.get(type)?.get(key) ?? 0;
  }
}

/** A look at all that run, as it is for types: nothing has to be given back after a crash. */
function countRunning(connection: Connection): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  const rows = connection.all<{ type: string; key: string; n: number }>(
    `SELECT r.type, j.limit_key AS key, count(*) AS n FROM running r CROSS JOIN job j ON j.seq = r.seq
     WHERE j.limit_key IS NOT NULL GROUP BY 1, 2`,
  );
  for (const { type, key, n } of rows) {
    const ofType = counts.get(type) ?? new Map<string, number>();
    counts.set(type, ofType.set(key, n));
  }
  return counts;
}

/** Deletes a chunk of buckets that are full again, as those of keys that were never heard of are; returns how many. */
export function pruneBuckets(connection: Connection, nowMs: number, atMost: number): number {
  return connection.run(
    `DELETE FROM key_bucket WHERE (name, key) IN (
       SELECT name, key FROM key_bucket WHERE full_at_us <= ? ORDER BY full_at_us LIMIT ?)`,
    nowMs * 1_000,
    atMost,
  );
}
