import type { Logger } from "pino";
import { type CatalogIndex, definitionOf } from "../catalog.ts";
import { LeaseLostError } from "../errors.ts";
import { type NewReport, type RunName, sealReport, serializeProgress } from "../run-report.ts";
import type { AbortSwitch } from "./abort-switch.ts";
import { LogTail, teeLog } from "./kept-log.ts";
import type { Reporter, ReportRounds } from "./report-rounds.ts";

/** What one run tells of itself, until it is stored. */
export class RunReporter implements Reporter {
  readonly job: RunName;
  readonly #catalog: CatalogIndex;
  readonly #rounds: ReportRounds;
  readonly #abort: AbortSwitch;
  readonly #tail: LogTail | null;
  #log: Logger | null = null;
  #progress: string | null = null;
  #hasNewLines = false;
  /** What a round that is under way stores. */
  #taken: { readonly progress: string | null; readonly hasLines: boolean } | null = null;
  #hasEnded = false;

  constructor(parts: {
    readonly job: RunName;
    readonly catalog: CatalogIndex;
    readonly rounds: ReportRounds;
    readonly abort: AbortSwitch;
  }) {
    const { job, catalog, rounds, abort } = parts;
    this.job = job;
    this.#catalog = catalog;
    this.#rounds = rounds;
    this.#abort = abort;
    const { logBytes } = definitionOf(catalog, job.type);
    this.#tail = logBytes > 0 ? new LogTail(logBytes) : null;
  }

  progress(value: unknown): void {
    this.#progress = serializeProgress(this.job.type, value);
    this.#rounds.add(this);
  }

  /** A run's log; the same one each time. */
  logOf(parent: Logger): Logger {
    const tail = this.#tail;
    if (!tail) return parent;
    this.#log ??= teeLog(parent, (line) => {
      // What comes after the end is in the log of the process alone.
      if (this.#hasEnded) return;
      tail.add(line);
      this.#hasNewLines = true;
      this.#rounds.add(this);
    });
    return this.#log;
  }

  /** What is not stored yet, as it is to be stored; null if there is nothing. */
  take(): NewReport | null {
    if (this.#progress === null && !this.#hasNewLines) return null;
    const tail = this.#hasNewLines ? this.#tail : null;
    const report: NewReport = {
      ...(this.#progress !== null && { progress: this.#progress }),
      ...(tail && { log: JSON.stringify(tail.text), logBytesCut: tail.bytesCut }),
    };
    this.#taken = { progress: this.#progress, hasLines: this.#hasNewLines };
    this.#progress = null;
    this.#hasNewLines = false;
    return sealReport(this.#catalog, this.job, report);
  }

  /** What was taken is stored. */
  stored(): void {
    this.#taken = null;
  }

  /** What was taken could not be stored: of that the newest is still to be told. */
  putBack(): void {
    if (!this.#taken || this.#hasEnded) return;
    this.#progress ??= this.#taken.progress;
    this.#hasNewLines ||= this.#taken.hasLines;
    this.#taken = null;
    this.#rounds.add(this);
  }

  /** Nothing it tells counts any more. */
  lost(): void {
    this.#hasEnded = true;
    this.#abort.abort(new LeaseLostError(this.job.id));
  }

  /** What is to be stored with the end of the run, which hears no more; null if that is nothing. */
  end(): NewReport | null {
    if (this.#hasEnded) return null;
    // A round that is under way may yet fail, and there is no other.
    this.putBack();
    this.#rounds.delete(this);
    this.#hasEnded = true;
    return this.take();
  }
}
