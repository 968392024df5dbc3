import { type CatalogIndex, definitionOf } from "./catalog.ts";
import { describeError } from "./error-text.ts";
import { ProgressInvalidError } from "./errors.ts";
import type { ClaimedJob } from "./job.ts";
import { openResult, sealResult } from "./sealed.ts";

/** A progress is at most so many bytes of JSON: it is looked at while the job runs, and told to all who listen. */
const MAX_PROGRESS_BYTES = 1_024;

/** What a run has told of itself. */
export interface RunReport {
  /** Number of the run, from 1. A run that was handed back has spent none: the next one has its number again. */
  readonly attempt: number;
  readonly workerId: string;
  /** When it was claimed. */
  readonly startedAt: Date;
  /** When it last told anything. */
  readonly toldAt: Date;
  /** What its handler reported last: a percentage or any other small value; null if nothing. */
  readonly progress: unknown;
  /** The end of what it logged, a line each; null if nothing was kept, or no longer is. */
  readonly log: string | null;
  /** How much of its log before that was cut off, in bytes. */
  readonly logBytesCut: number;
}

/** A report as the store has it: encrypted if its job's type is. */
export interface StoredReport extends Omit<RunReport, "log"> {
  readonly log: unknown;
  /** Fencing token of its run. */
  readonly leaseToken: number;
}

/** What a run has to tell; what it leaves out stays as it was told before. */
export interface NewReport {
  /** JSON text. */
  readonly progress?: string;
  /** All of its log that is kept: the JSON of a text. */
  readonly log?: string;
  readonly logBytesCut?: number;
}

/** @throws {ProgressInvalidError} */
export function serializeProgress(type: string, value: unknown): string {
  const refuse = (what: string): never => {
    throw new ProgressInvalidError(`The progress of a "${type}" ${what}`);
  };
  if (typeof value === "number" && !(value >= 0 && value <= 100))
    return refuse(`must be a percentage from 0 to 100, got ${value}; report an object for anything else`);
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    return refuse(`is nothing that JSON can hold: ${describeError(error)}`);
  }
  if (json === undefined) return refuse(`is nothing that JSON can hold, but a ${typeof value}`);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_PROGRESS_BYTES)
    return refuse(`is ${bytes} bytes of JSON and may be ${MAX_PROGRESS_BYTES}; results belong into ctx.once`);
  return json;
}

/** Whose report it is. */
export type RunName = Pick<ClaimedJob, "id" | "type" | "leaseToken">;

/** What a report has to be stored as, by its job's type. @throws {EncryptionKeyMissingError} */
export function sealReport(catalog: CatalogIndex, job: RunName, report: NewReport): NewReport {
  if (!definitionOf(catalog, job.type).encrypted) return report;
  const { progress, log } = report;
  const token = String(job.leaseToken);
  return {
    ...report,
    ...(progress !== undefined && { progress: sealResult(catalog, job, ["progress", token], progress) }),
    ...(log !== undefined && { log: sealResult(catalog, job, ["log", token], log) }),
  };
}

/** @throws {EncryptionKeyMissingError | SealBrokenError} */
export function openReport(
  catalog: CatalogIndex,
  job: { readonly id: string; readonly type: string },
  { leaseToken, ...stored }: StoredReport,
): RunReport {
  const token = String(leaseToken);
  const log = openResult(catalog, job, ["log", token], stored.log);
  return {
    ...stored,
    progress: openResult(catalog, job, ["progress", token], stored.progress),
    log: typeof log === "string" ? log : null,
  };
}
