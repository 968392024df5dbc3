import type { AuditEntry } from "../store.ts";
import type { Connection } from "./connection.ts";

/** Notes who did what, for good. */
export function appendAudit(connection: Connection, entry: AuditEntry, nowMs: number): void {
  connection.run(
    "INSERT INTO audit_log (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)",
    nowMs,
    entry.actor,
    entry.action,
    entry.subject,
    entry.detail,
  );
}
