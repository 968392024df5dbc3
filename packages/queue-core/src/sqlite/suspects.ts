import type { Connection } from "./connection.ts";

/** A job that has killed this many processes in which it ran alone is given up. */
export const MAX_CRASHES = 3;

/** Marks a job that was running in a process that died. It is charged nothing yet. */
export function markSuspect(connection: Connection, seq: number, nowMs: number): void {
  connection.run("INSERT INTO suspect (seq, since) VALUES (?, ?) ON CONFLICT DO NOTHING", seq, nowMs);
}

/** Whether any job is under suspicion: almost never, so that a claim asks for its jobs one by one almost never. */
export function hasSuspects(connection: Connection): boolean {
  const row = connection.get<{ first: number | null }>("SELECT min(seq) AS first FROM suspect");
  return row !== undefined && row.first !== null;
}

export function isSuspect(connection: Connection, seq: number): boolean {
  return connection.get("SELECT 1 FROM suspect WHERE seq = ?", seq) !== undefined;
}

/** A run ended in some other way than by its process's death: the job is cleared. */
export function clearSuspect(connection: Connection, seq: number): void {
  connection.run("DELETE FROM suspect WHERE seq = ?", seq);
}

/**
 * Charges a job whose process died while it ran in it alone.
 * @returns how often that has happened now
 */
export function chargeCrash(connection: Connection, seq: number, nowMs: number): number {
  const row = connection.get<{ crashes: number }>(
    `INSERT INTO suspect (seq, crashes, since) VALUES (?, 1, ?)
     ON CONFLICT DO UPDATE SET crashes = crashes + 1 RETURNING crashes`,
    seq,
    nowMs,
  );
  if (!row) throw new Error(`The crash of job ${seq} was not counted`);
  return row.crashes;
}
