import type { DeclaredLimits, NewLimit } from "../limits.ts";
import type { Connection } from "./connection.ts";
import { findLimit, letLook, storeLimit } from "./job-limits.ts";

/**
 * Makes the declared limits those that `declared` lists. One that was set or lifted at run time is left as it is, also
 * when the code no longer declares it.
 */
export function declareLimits(connection: Connection, declared: readonly NewLimit[]): DeclaredLimits {
  const outcome = { added: [], kept: [], lifted: [] } as Record<keyof DeclaredLimits, string[]>;
  for (const limit of declared) {
    const { name, rate, concurrency, perKey } = limit;
    const text = JSON.stringify({ rate, concurrency, perKey });
    const row = findLimit(connection, name);
    const isEdited = row !== undefined && (row.is_edited === 1 || row.declared === null);
    if (isEdited) outcome.kept.push(name);
    else if (!row) outcome.added.push(name);
    if (row?.declared === text) continue;
    if (!isEdited) storeLimit(connection, limit);
    connection.run(
      "UPDATE job_limit SET declared = ?, is_edited = ? WHERE name = ?",
      text,
      isEdited ? 1 : 0,
      name,
    );
    if (!isEdited) letLook(connection, name);
  }
  withdrawOthers(connection, declared, outcome.lifted);
  return outcome;
}

function withdrawOthers(connection: Connection, declared: readonly NewLimit[], lifted: string[]): void {
  const names = JSON.stringify(declared.map(({ name }) => name));
  const gone = connection.all<{ name: string }>(
    `DELETE FROM job_limit WHERE declared IS NOT NULL AND name NOT IN (SELECT value FROM json_each(?))
       AND (is_edited = 0
         OR coalesce(rate_limit, concurrency, key_rate_limit, key_concurrency) IS NULL) RETURNING name`,
    names,
  );
  for (const { name } of gone) letLook(connection, name);
  lifted.push(...gone.map(({ name }) => name).toSorted());
  connection.run(
    `UPDATE job_limit SET declared = NULL, is_edited = 0
     WHERE declared IS NOT NULL AND name NOT IN (SELECT value FROM json_each(?))`,
    names,
  );
}
