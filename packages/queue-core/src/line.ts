// A line: jobs that stand in order before the same workers. Its name is the job type and, unless the payload has
// version 1 and is not encrypted, what it takes to read it: `type@version` or `type@version~key`. So a worker never
// meets a payload that it cannot read. No type has an `@` in its name.

export interface LineParts {
  readonly type: string;
  /** Version of the payload. */
  readonly payloadVersion: number;
  /** Of the key that the payload is encrypted with; null if it is not. */
  readonly keyId: string | null;
}

/** The line in which a job stands. */
export function lineOf({ type, payloadVersion, keyId }: LineParts): string {
  if (keyId !== null) return `${type}@${payloadVersion}~${keyId}`;
  return payloadVersion === 1 ? type : `${type}@${payloadVersion}`;
}

/** How a job's row names its line: null where that is the type itself. */
export function storedLineOf(parts: LineParts): string | null {
  const line = lineOf(parts);
  return line === parts.type ? null : line;
}

/** The job type of a line. */
export function typeOf(line: string): string {
  const at = line.indexOf("@");
  return at === -1 ? line : line.slice(0, at);
}

/** The payload version of a line. */
export function versionOf(line: string): number {
  const at = line.indexOf("@");
  return at === -1 ? 1 : Number.parseInt(line.slice(at + 1), 10);
}

/** The key that a line's payloads are encrypted with; null if they are not. */
export function keyIdOf(line: string): string | null {
  const at = line.indexOf("~");
  return at === -1 ? null : line.slice(at + 1);
}

/** Where the lines of a type lie in the order of names, but for the first one, which is named after the type alone. */
export function laterLinesOf(type: string): { readonly from: string; readonly before: string } {
  return { from: `${type}@`, before: `${type}A` };
}
