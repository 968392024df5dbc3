import { hostname } from "node:os";
import { type Logger, pino } from "pino";

const streamSym: typeof pino.symbols.streamSym = pino.symbols.streamSym;
const levelValSym: typeof pino.symbols.levelValSym = pino.symbols.levelValSym;
const needsMetadataGsym: typeof pino.symbols.needsMetadataGsym = pino.symbols.needsMetadataGsym;

/** A stream to which pino says of each line how it came about, before it writes that. */
interface Stream extends pino.DestinationStream {
  [needsMetadataGsym]?: boolean;
}

/** Pino's own fields of a logger, by the symbols that it exports. */
interface Inner {
  [streamSym]: Stream;
  readonly [levelValSym]: number;
}

/** What each line of the log of a run repeats, unless the handler says something else by the same name. */
const REPEATED = ["pid", "hostname", "workerId", "jobId", "type", "attempt", "workflowId", "alone"] as const;
const INFO = 30;

/** The last lines of a log, never more of them than some bytes. */
export class LogTail {
  readonly #maxBytes: number;
  readonly #lines: string[] = [];
  #first = 0;
  #bytes = 0;
  #cut = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (bytes > this.#maxBytes) {
      // Not by characters: half of a surrogate pair is no text. What is left of a broken one is told as such.
      const whole = Buffer.from(line);
      this.#push(whole.subarray(0, this.#maxBytes - 4).toString(), bytes);
      return;
    }
    this.#push(line, bytes);
  }

  #push(line: string, bytes: number): void {
    const kept = Buffer.byteLength(line) + 1;
    this.#cut += bytes - kept;
    this.#lines.push(line);
    this.#bytes += kept;
    while (this.#bytes > this.#maxBytes) {
      const gone = Buffer.byteLength(this.#lines[this.#first] ?? "") + 1;
      // Its place goes in bulk, as each `shift` would move all lines; its text at once, as a thousand may be megabytes.
      this.#lines[this.#first] = "";
      this.#first += 1;
      this.#bytes -= gone;
      this.#cut += gone;
    }
    if (this.#first > 1_000 && this.#first * 2 > this.#lines.length) {
      this.#lines.splice(0, this.#first);
      this.#first = 0;
    }
  }

  get text(): string {
    return this.#lines.slice(this.#first).join("\n");
  }

  /** How much is not there any more, in bytes. */
  get bytesCut(): number {
    return this.#cut;
  }
}

/**
 * A log that writes where its parent does, and gives each of its lines, redacted as there, to be kept: from `info` on,
 * also where the parent is told to write less.
 */
export function teeLog(parent: Logger, keep: (line: string) => void): Logger {
  const inner = parent as unknown as Inner;
  const from = inner[levelValSym];
  const level = from > INFO && "info" in parent.levels.values ? "info" : parent.level;
  const log = parent.child({}, { level });
  (log as unknown as Inner)[streamSym] = new Tee(inner[streamSym], from, repeatedBy(parent), keep);
  return log;
}

/** The facts that need not be kept with each line, as JSON by their names. */
function repeatedBy(log: Logger): ReadonlyMap<string, string> {
  // These two pino leaves out of what it tells of a logger.
  const bindings: Readonly<Record<string, unknown>> = {
    pid: process.pid,
    hostname: hostname(),
    ...log.bindings(),
  };
  return new Map(REPEATED.map((name) => [name, JSON.stringify(bindings[name])]));
}

/** Pino says of each line how it came about before it writes it to a stream that asks for this. */
class Tee implements pino.DestinationStream {
  readonly [needsMetadataGsym] = true;
  lastLevel = 0;
  lastTime = "";
  lastMsg = "";
  lastObj: object = {};
  lastLogger: Logger | undefined;
  readonly #parent: Stream;
  readonly #from: number;
  readonly #repeated: ReadonlyMap<string, string>;
  readonly #keep: (line: string) => void;

  constructor(
    parent: Stream,
    from: number,
    repeated: ReadonlyMap<string, string>,
    keep: (line: string) => void,
  ) {
    this.#parent = parent;
    this.#from = from;
    this.#repeated = repeated;
    this.#keep = keep;
  }

  write(line: string): void {
    this.#keep(readable(line, this, this.#repeated));
    if (this.lastLevel < this.#from) return;
    const { lastLevel, lastTime, lastMsg, lastObj, lastLogger } = this;
    if (this.#parent[needsMetadataGsym])
      Object.assign(this.#parent, { lastLevel, lastTime, lastMsg, lastObj, lastLogger });
    this.#parent.write(line);
  }
}

/** One line of text for one of JSON; that as it is if it is written in another way. */
function readable(
  json: string,
  { lastLevel, lastTime, lastLogger }: Tee,
  repeated: ReadonlyMap<string, string>,
): string {
  try {
    const { msg, ...rest } = JSON.parse(json) as Record<string, unknown>;
    const name = lastLogger?.levels.labels[lastLevel] ?? String(lastLevel);
    // Pino's own by its own word: what a handler calls `time` or `level` stands in the JSON behind them, and is kept.
    const written = lastTime.replace(/"$/, "");
    const when = /^\d+$/.test(written) ? new Date(Number(written)).toISOString() : written;
    const isPinos = (key: string, value: unknown): boolean =>
      (key === "time" && String(value) === written) ||
      (key === "level" && (value === lastLevel || value === name)) ||
      (value !== undefined && repeated.get(key) === JSON.stringify(value));
    const more = Object.entries(rest).filter(([key, value]) => !isPinos(key, value));
    const facts = more.length === 0 ? "" : ` ${JSON.stringify(Object.fromEntries(more))}`;
    const text = typeof msg === "string" ? ` ${msg.replaceAll("\n", "\n  ")}` : "";
    return `${when} ${name}${text}${facts}`;
  } catch {
    // Not lost: it is kept as pino wrote it.
    return json.trimEnd();
  }
}
