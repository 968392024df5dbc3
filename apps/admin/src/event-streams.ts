import {
  type JobCatalog,
  type JobEvent,
  type MissedEvents,
  type Queue,
  withoutSealed,
} from "@holdfast/queue-core";
import type { ShopTables } from "@holdfast/services";
import type { Logger } from "pino";

/** Each looks at the database four times a second, so there are not to be any number of them. */
const MOST_STREAMS = 20;
const POLL_MS = 250;
/** Between two signs of life, in milliseconds: proxies end what is silent for a minute. */
const BEAT_MS = 15_000;
/** Who takes nothing for so many beats is not watching, and shall cost nothing any more. */
const IDLE_BEATS = 4;
/** Longest error that an event tells; the job has it whole. */
const MOST_ERROR_CHARS = 1_000;

/** There are as many watchers as there may be. */
export class EventStreamsFullError extends Error {
  readonly code = "EVENT_STREAMS_FULL";
  constructor() {
    super(`${MOST_STREAMS} are watching already: close one, or try again later`);
    this.name = "EventStreamsFullError";
  }
}

export interface Watch {
  /** Only of this type; all by default. */
  readonly type?: string;
  /** Only of this job; all by default. */
  readonly jobId?: string;
  /** Asked at each beat: a stream ends with the session that it was opened with. */
  readonly isWelcome: () => boolean;
}

/** A type that the catalog lacks has no events, which is all there is to say of it. */
type WatchedQueue = Pick<Queue<JobCatalog, ShopTables>, "events">;
type Feed = ReturnType<WatchedQueue["events"]>;

export interface EventStreamsOptions {
  readonly queue: WatchedQueue;
  readonly log: Logger;
  /** Between two signs of life, in milliseconds; 15,000 by default. */
  readonly beatMs?: number;
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

/**
 * What happens to jobs, told to watchers over HTTP as it happens (server-sent events). Nothing is gathered here for a
 * slow one: it is asked of the database as fast as it is taken, and the database says what was missed.
 */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #endings = new Set<() => Promise<void>>();
  #isClosed = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /** @throws {EventStreamsFullError} */
  open({ type, jobId, isWelcome }: Watch): Response {
    if (this.#isClosed || this.#endings.size >= MOST_STREAMS) throw new EventStreamsFullError();
    const { queue, log, beatMs = BEAT_MS } = this.#options;
    const ended = new AbortController();
    const feed = queue.events({
      ...(type !== undefined && { types: [type] }),
      signal: ended.signal,
      pollMs: POLL_MS,
      onListening: () => tell("event: listening\ndata: {}\n\n"),
    });
    let controller: Controller | undefined;
    let beat: NodeJS.Timeout | undefined;
    let idleBeats = 0;
    const tell = (text: string): void => {
      if (!ended.signal.aborted) controller?.enqueue(new TextEncoder().encode(text));
    };
    const end = async (): Promise<void> => {
      if (!ended.signal.aborted) {
        ended.abort();
        clearInterval(beat);
        closeUnlessCancelled(controller);
      }
      try {
        // With the last listener nobody's enqueue pays for events any more.
        await feed.return(undefined);
      } catch (error) {
        // The scheduler, or the next listener, finds it gone.
        log.warn({ err: error }, "could not end a stream of events");
      }
      this.#endings.delete(end);
    };
    const onBeat = (): void => {
      const isTaking = (controller?.desiredSize ?? 0) > 0;
      idleBeats = isTaking ? 0 : idleBeats + 1;
      if (!isWelcome() || idleBeats >= IDLE_BEATS) void end();
      else if (isTaking) tell(": still there\n\n");
    };
    const body = new ReadableStream<Uint8Array>({
      start: (given) => {
        controller = given;
        beat = setInterval(onBeat, beatMs).unref();
      },
      pull: async () => {
        try {
          const event = await nextOf(feed, jobId);
          if (event === null) await end();
          else tell(`data: ${JSON.stringify(shown(event))}\n\n`);
        } catch (error) {
          // The watcher's browser comes again by itself.
          log.warn({ err: error }, "a stream of events failed");
          await end();
        }
      },
      cancel: end,
    });
    this.#endings.add(end);
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream; charset=utf-8",
        // nginx would gather it.
        "x-accel-buffering": "no",
      },
    });
  }

  /** Ends all of them, and resolves once the queue is rid of their listeners. Later ones are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#endings].map((end) => end()));
  }
}

async function nextOf(feed: Feed, jobId: string | undefined): Promise<JobEvent | MissedEvents | null> {
  for (;;) {
    const { value, done } = await feed.next();
    if (done) return null;
    if (jobId === undefined || value.kind === "missed" || value.jobId === jobId) return value;
  }
}

function shown(event: JobEvent | MissedEvents): object {
  const told = withoutSealed(event);
  if (!("error" in told) || typeof told.error !== "string") return told;
  return { ...told, error: told.error.slice(0, MOST_ERROR_CHARS) };
}

/** A stream that its reader has given up refuses to be closed. */
function closeUnlessCancelled(controller: Controller | undefined): void {
  try {
    controller?.close();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
