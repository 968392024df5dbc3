/** SQLite joins at most 500 SELECTs by UNION (SQLITE_LIMIT_COMPOUND_SELECT); half of it leaves room and plans fast. */
const TYPES_AT_MOST = 250;

/** Cuts a list of types into parts that fit into one statement each. */
export function chunksOfTypes(types: readonly string[]): readonly (readonly string[])[] {
  if (types.length <= TYPES_AT_MOST) return types.length === 0 ? [] : [types];
  const chunks = Math.ceil(types.length / TYPES_AT_MOST);
  return Array.from({ length: chunks }, (_, n) => types.slice(n * TYPES_AT_MOST, (n + 1) * TYPES_AT_MOST));
}

const unions = new Map<string, string[]>();

/** The same SELECT once per type, in one statement. */
export function unionOfTypes(types: number, arm: string): string {
  const known = unions.get(arm) ?? [];
  if (known.length === 0) unions.set(arm, known);
  return (known[types] ??= Array.from({ length: types }, () => arm).join(" UNION ALL "));
}
