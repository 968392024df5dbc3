import type { LimitShare } from "../limits.ts";
import type { Connection } from "./connection.ts";

/** The types that share each limit, by its name. */
export function readShares(connection: Connection): ReadonlyMap<string, readonly string[]> {
  const shares = new Map<string, string[]>();
  for (const { type, name } of connection.all<{ type: string; name: string }>(
    "SELECT type, name FROM limit_share ORDER BY type",
  )) {
    const types = shares.get(name);
    if (types) types.push(type);
    else shares.set(name, [type]);
  }
  return shares;
}

/** Those of the types of which something else is known: a read, so that most processes start without a write. */
export function unknownShares(connection: Connection, shares: readonly LimitShare[]): readonly LimitShare[] {
  const known = new Map<string, string>();
  for (const [name, types] of readShares(connection)) for (const type of types) known.set(type, name);
  return shares.filter(({ type, name }) => (known.get(type) ?? null) !== name);
}

/** Notes what types share; of other types, which may be another program's, it changes nothing. */
export function shareLimits(connection: Connection, shares: readonly LimitShare[]): void {
  for (const { type, name } of unknownShares(connection, shares)) {
    if (name === null) connection.run("DELETE FROM limit_share WHERE type = ?", type);
    else
      connection.run(
        "INSERT INTO limit_share (type, name) VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
        type,
        name,
      );
  }
}
