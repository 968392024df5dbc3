import type { EventPage, JobEvent } from "../events.ts";
import { formatJobId } from "../job-id.ts";
import { readForDisplay } from "../payload.ts";
import type { Connection } from "./connection.ts";

/** So many events are kept, whoever may not have read them: a listener that stands still must not fill the disk. */
export const MAX_EVENTS = 100_000;

/** The job of a row, with what an event says of it. */
const OF_JOB = "SELECT NEW.seq, j.created_at, j.type, j.workflow_id";
const COLUMNS = "(seq, created_at, type, workflow_id, at, kind, attempt, error)";

const PROGRESSED = `INSERT INTO event (seq, created_at, type, workflow_id, at, kind, attempt, progress)
    ${OF_JOB}, NEW.told_at, 'progressed', NEW.attempt, NEW.progress FROM job j WHERE j.seq = NEW.seq;`;

/**
 * Triggers and not statements of the verbs: a queue that nobody listens to pays nothing for them, not even a look
 * whether somebody does. SQLite prepares the other processes' statements anew by itself.
 */
const TRIGGERS: Readonly<Record<string, string>> = {
  event_enqueued: `AFTER INSERT ON job BEGIN
    INSERT INTO event ${COLUMNS}
    VALUES (NEW.seq, NEW.created_at, NEW.type, NEW.workflow_id, NEW.created_at, 'enqueued', NULL, NULL);
  END`,
  // Where no attempt is left it is claimed only to be buried, for the worker that hung in the last one could not do it.
  event_started: `AFTER INSERT ON running BEGIN
    INSERT INTO event ${COLUMNS}
    ${OF_JOB}, NEW.claimed_at, 'started', NEW.attempts + 1, NULL FROM job j
    WHERE j.seq = NEW.seq AND NEW.attempts < j.max_attempts;
  END`,
  event_first_progress: `AFTER INSERT ON run_report WHEN NEW.progress IS NOT NULL BEGIN ${PROGRESSED} END`,
  event_progressed: `AFTER UPDATE OF progress ON run_report WHEN NEW.progress IS NOT OLD.progress BEGIN
    ${PROGRESSED}
  END`,
  event_ended: `AFTER INSERT ON finished BEGIN
    INSERT INTO event ${COLUMNS}
    ${OF_JOB}, NEW.finished_at, NEW.status, CASE NEW.status WHEN 'completed' THEN NEW.attempts END, NULL
    FROM job j WHERE j.seq = NEW.seq;
  END`,
  event_retried: `AFTER INSERT ON attempt BEGIN
    INSERT INTO event ${COLUMNS}
    ${OF_JOB}, NEW.finished_at, 'retried', NEW.attempt, NEW.error FROM job j
    WHERE j.seq = NEW.seq AND NEW.attempt < j.max_attempts;
  END`,
  // A run that is not to be repeated is written down just before: that it failed is not to be told as a retry.
  // Nor does one that is put back die again.
  event_dead: `AFTER INSERT ON dead_letter_jobs
  WHEN NOT EXISTS (SELECT 1 FROM discarded_jobs d WHERE d.seq = NEW.seq) BEGIN
    DELETE FROM event WHERE n = (SELECT max(n) FROM event) AND seq = NEW.seq AND kind = 'retried'
      AND at = NEW.failed_at;
    INSERT INTO event ${COLUMNS}
    VALUES (NEW.seq, NEW.created_at, NEW.type, NEW.workflow_id, NEW.failed_at, 'dead', nullif(NEW.attempts, 0),
      NEW.last_error);
  END`,
  event_forgotten: `AFTER INSERT ON event BEGIN
    DELETE FROM event WHERE n <= NEW.n - ${MAX_EVENTS};
  END`,
};

export interface Listener {
  readonly id: string;
  /** Taken for gone then, in milliseconds since 1970 UTC. */
  readonly untilMs: number;
}

/**
 * Records events for a listener, from the next one on or still.
 * @returns the number of the last event, and whether the listener was not known
 */
export function listen(
  connection: Connection,
  { id, untilMs }: Listener,
  nowMs: number,
): { readonly last: number; readonly isNew: boolean } {
  const isNew = connection.get("SELECT 1 FROM event_listener WHERE id = ?", id) === undefined;
  connection.run(
    "INSERT INTO event_listener (id, until) VALUES (?, ?) ON CONFLICT DO UPDATE SET until = excluded.until",
    id,
    untilMs,
  );
  // One that was silent for too long, and that nobody has forgotten meanwhile, has missed nothing.
  forgetGone(connection, nowMs);
  for (const [name, body] of Object.entries(TRIGGERS))
    connection.database.exec(`CREATE TRIGGER IF NOT EXISTS ${name} ${body}`);
  return { last: lastEvent(connection), isNew };
}

export function unlisten(connection: Connection, id: string, nowMs: number): void {
  connection.run("DELETE FROM event_listener WHERE id = ?", id);
  forgetGone(connection, nowMs);
}

/** Whether there are listeners that have gone without a word: a read, so that a quiet queue writes nothing. */
export function hasGoneListeners(connection: Connection, nowMs: number): boolean {
  return connection.get("SELECT 1 FROM event_listener WHERE until < ? LIMIT 1", nowMs) !== undefined;
}

/** With the last listener goes what is written for it. */
export function forgetGone(connection: Connection, nowMs: number): void {
  connection.run("DELETE FROM event_listener WHERE until < ?", nowMs);
  if (connection.get("SELECT 1 FROM event_listener LIMIT 1") !== undefined) return;
  dropTriggers(connection);
  connection.run("DELETE FROM event");
}

/**
 * Before tables are changed: a trigger on one that is made anew would be in the way. Listeners come again, and learn
 * that they were forgotten.
 */
export function endListening(connection: Connection): void {
  dropTriggers(connection);
  const hasListeners = connection.database.prepare(
    "SELECT 1 FROM sqlite_schema WHERE name = 'event_listener'",
  );
  if (hasListeners.get() !== undefined) connection.database.exec("DELETE FROM event_listener");
}

function dropTriggers(connection: Connection): void {
  for (const name of Object.keys(TRIGGERS)) connection.database.exec(`DROP TRIGGER IF EXISTS ${name}`);
}

/** The number of the last event there was, also where it is deleted by now. */
function lastEvent(connection: Connection): number {
  const row = connection.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = ?", "event");
  return row?.seq ?? 0;
}

interface EventRow {
  readonly n: number;
  readonly at: number;
  readonly kind: JobEvent["kind"];
  readonly seq: number;
  readonly created_at: number;
  readonly type: string;
  readonly workflow_id: string | null;
  readonly attempt: number | null;
  readonly error: string | null;
  readonly progress: string | null;
}

/** The events that follow one, in the order in which they were committed. */
export function readEvents(connection: Connection, after: number, limit: number): EventPage {
  const rows = connection.all<EventRow>("SELECT * FROM event WHERE n > ? ORDER BY n LIMIT ?", after, limit);
  const oldest = connection.get<{ n: number | null }>("SELECT min(n) AS n FROM event")?.n ?? null;
  // Numbers may be left out, but no event is deleted before it is one of the oldest of so many.
  const isCut = oldest !== null && oldest > after + 1 && lastEvent(connection) - after > MAX_EVENTS;
  return {
    events: rows.map((row) => ({
      kind: row.kind,
      at: new Date(row.at),
      jobId: formatJobId(row.created_at, row.seq),
      type: row.type,
      workflowId: row.workflow_id,
      attempt: row.attempt,
      error: row.error,
      progress: row.progress === null ? null : readForDisplay(row.progress),
    })),
    missed: isCut ? oldest - after - 1 : 0,
    last: rows.at(-1)?.n ?? after,
  };
}
