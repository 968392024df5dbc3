import type { GroupWeight } from "../groups.ts";
import type { AuditEntry } from "../store.ts";
import { appendAudit } from "./audit.ts";
import type { Connection } from "./connection.ts";

export function setGroupWeight(
  connection: Connection,
  { groupKey, weight }: GroupWeight,
  audit: AuditEntry,
  nowMs: number,
): void {
  if (weight === 1) connection.run("DELETE FROM group_weight WHERE group_key = ?", groupKey);
  else
    connection.run(
      "INSERT INTO group_weight (group_key, weight) VALUES (?, ?) ON CONFLICT DO UPDATE SET weight = excluded.weight",
      groupKey,
      weight,
    );
  appendAudit(connection, audit, nowMs);
}

export function readGroupWeights(connection: Connection): readonly GroupWeight[] {
  return connection.all("SELECT group_key AS groupKey, weight FROM group_weight ORDER BY group_key");
}
