import type { JobStatus } from "./job.ts";
import type { Pauses } from "./pauses.ts";

/** Pending jobs of one type, payload version and key that no worker takes. */
export interface UnreadJobs {
  readonly type: string;
  readonly payloadVersion: number;
  /** Of the key that they are encrypted with; null if they are not. */
  readonly keyId: string | null;
  /** Since when the longest-waiting one could have run. */
  readonly since: Date;
  /** Counted up to 10,000. */
  readonly count: number;
}

/** The queue in numbers, at one moment. */
export interface QueueStats {
  readonly queue: {
    /** Due and claimable. */
    readonly pending: number;
    readonly processing: number;
    readonly completedLastHour: number;
    /** Rows in `dead_letter_jobs`. */
    readonly failed: number;
    /** Since when the longest-waiting pending job could have run. */
    readonly oldestPending: Date | null;
    readonly scheduled: number;
    /** Held up by unfinished parents. */
    readonly waiting: number;
    /** Runs that ended in the last five whole minutes, per minute. */
    readonly processingRatePerMinute: number;
    /** Share (0 to 1) of the runs of the last hour that failed; null if there was none. */
    readonly failureRate: number | null;
  };
  readonly paused: Pauses;
  /**
   * Pending jobs whose payload no worker can read that is there: a newer deploy has stored it, or it is encrypted with
   * a key that none has. They wait for one that can, and are counted as pending, too.
   */
  readonly unread: readonly UnreadJobs[];
  readonly deadLetterQueue: { readonly unreviewed: number };
  readonly byType: readonly { readonly type: string; readonly status: JobStatus; readonly count: number }[];
}
