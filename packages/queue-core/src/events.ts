import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "./clock.ts";
import { OptionInvalidError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";
import type { JobStore } from "./store.ts";

/** Something that happened to a job, in any process. */
export interface JobEvent {
  /**
   * `progressed`: a run told how far it has come; `retried`: a run failed, and another one will follow; `dead`: the job
   * was given up. The others are the states that it has come to.
   */
  readonly kind: "enqueued" | "started" | "progressed" | "completed" | "retried" | "dead" | "cancelled";
  /** By the clock of the process that did it. */
  readonly at: Date;
  readonly jobId: string;
  readonly type: string;
  readonly workflowId: string | null;
  /**
   * Which run began, progressed, completed or failed, from 1; of a dead job the last one; null where it is about none.
   */
  readonly attempt: number | null;
  /** Why the run failed; null if it did not. Encrypted if the type is. */
  readonly error: string | null;
  /** What the run reported with `ctx.progress`; null of other kinds. Encrypted if the type is. */
  readonly progress: unknown;
}

/** The listener was too slow: so many events were forgotten before it came to read them. */
export interface MissedEvents {
  readonly kind: "missed";
  /** At most so many; null where it was away for so long that nobody counted. */
  readonly count: number | null;
}

/** What a store gives of its events at a time. */
export interface EventPage {
  readonly events: readonly JobEvent[];
  /** How many before them were forgotten, at most. */
  readonly missed: number;
  /** Where the next page begins. */
  readonly last: number;
}

export interface EventOptions<Type extends string = string> {
  /** Only of these types; all by default. */
  readonly types?: readonly Type[];
  /** Only of these kinds; all by default. `missed` comes in any case. */
  readonly kinds?: readonly JobEvent["kind"][];
  /** Ends the iteration; it does not throw. */
  readonly signal?: AbortSignal;
  /** Called once, when what happens from now on is sure to come. */
  readonly onListening?: () => void;
  /** Between two looks at the store, in milliseconds, from 10 to 10,000; 100 by default. */
  readonly pollMs?: number;
}

const OPTION_NAMES: OptionNames<EventOptions> = {
  types: true,
  kinds: true,
  signal: true,
  onListening: true,
  pollMs: true,
};
const KINDS: readonly string[] = [
  "enqueued",
  "started",
  "progressed",
  "completed",
  "retried",
  "dead",
  "cancelled",
] satisfies JobEvent["kind"][];

/** So many at a time. */
const PAGE = 500;
/** A listener that has not been heard of for so long is taken for gone, in milliseconds; it says so three times. */
const LISTEN_FOR_MS = 30_000;
const SHORTEST_POLL_MS = 10;
const LONGEST_POLL_MS = LISTEN_FOR_MS / 3;

/**
 * What happens to jobs from now on, in the order in which it was committed.
 * @throws {OptionInvalidError}
 */
export async function* followEvents(
  store: Pick<JobStore, "listen" | "unlisten" | "events">,
  clock: Clock,
  options: EventOptions,
): AsyncGenerator<JobEvent | MissedEvents, void, undefined> {
  requireEventOptions(options);
  const { types, kinds, signal, onListening, pollMs = 100 } = options;
  if (signal?.aborted) return;
  const id = randomBytes(8).toString("hex");
  const ofTypes = types && new Set<string>(types);
  const ofKinds = kinds && new Set(kinds);
  let after = (await store.listen({ id, forMs: LISTEN_FOR_MS })).last;
  let saidAt = clock.monotonic();
  try {
    onListening?.();
    while (!signal?.aborted) {
      const page = await store.events(after, PAGE);
      after = page.last;
      if (page.missed > 0) yield { kind: "missed", count: page.missed };
      for (const event of page.events)
        if ((ofTypes?.has(event.type) ?? true) && (ofKinds?.has(event.kind) ?? true)) yield event;
      if (clock.monotonic() - saidAt > LISTEN_FOR_MS / 3) {
        saidAt = clock.monotonic();
        const { isNew } = await store.listen({ id, forMs: LISTEN_FOR_MS });
        if (isNew) yield { kind: "missed", count: null };
      }
      if (page.events.length < PAGE) await pause(pollMs, signal);
    }
  } finally {
    await store.unlisten(id);
  }
}

/** @throws {OptionInvalidError} */
function requireEventOptions(options: EventOptions): void {
  const problem = unknownOption(options, OPTION_NAMES);
  if (problem !== null) throw new OptionInvalidError(`For events ${problem}`);
  const { types, kinds, pollMs = 100 } = options;
  if (typeof pollMs !== "number" || !(pollMs >= SHORTEST_POLL_MS && pollMs <= LONGEST_POLL_MS))
    throw new OptionInvalidError(
      `pollMs must be a number from ${SHORTEST_POLL_MS} to ${LONGEST_POLL_MS}, got ${shown(pollMs)}`,
    );
  for (const [name, list] of Object.entries({ types, kinds }))
    if (list !== undefined && !Array.isArray(list))
      throw new OptionInvalidError(`${name} must be an array, got ${shown(list)}`);
  const unknown = kinds?.find((kind) => !KINDS.includes(kind));
  if (unknown !== undefined)
    throw new OptionInvalidError(`kinds may hold ${KINDS.join(", ")}, got ${shown(unknown)}`);
}

/** Only the signal ends it early, and the loop asks for that itself. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal && { signal }).catch(() => undefined);
}
