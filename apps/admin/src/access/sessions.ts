import { randomBytes } from "node:crypto";
import type { Clock } from "@holdfast/queue-core";
import { digest } from "./secret-text.ts";

/** A working day: an operator logs in once in the morning. */
export const SESSION_MS = 12 * 3_600_000;

/** Far more than there are operators; keeps a script that logs in for ever from filling the memory. */
const MAX_SESSIONS = 1_000;

/** Who is logged in. They live in this process only, so a restart logs everybody out. */
export class Sessions {
  readonly #clock: Clock;
  /** By digest of the id, oldest first: a dump of the memory holds nothing that can be sent as a cookie. */
  readonly #endsAt = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the new session's id, for the cookie */
  begin(): string {
    const id = randomBytes(32).toString("base64url");
    this.#endsAt.set(keyOf(id), this.#clock.monotonic() + SESSION_MS);
    const [oldest] = this.#endsAt.keys();
    if (this.#endsAt.size > MAX_SESSIONS && oldest !== undefined) this.#endsAt.delete(oldest);
    return id;
  }

  isOpen(id: string): boolean {
    const endsAt = this.#endsAt.get(keyOf(id));
    if (endsAt === undefined) return false;
    if (this.#clock.monotonic() < endsAt) return true;
    this.end(id);
    return false;
  }

  end(id: string): void {
    this.#endsAt.delete(keyOf(id));
  }
}

function keyOf(id: string): string {
  return digest(id).toString("base64url");
}
