import type { FaultLog } from "../fault-log.ts";
import type { NewReport } from "../run-report.ts";
import type { JobStore, Told } from "../store.ts";

/** What runs tell is stored this often while they go on, in milliseconds. */
const ROUND_MS = 500;

const STORING = "storing what runs tell";

/** One run that has something to tell. */
export interface Reporter {
  readonly job: Told["job"];
  /** What is not stored yet; null if there is nothing. */
  take(): NewReport | null;
  /** What was taken is stored. */
  stored(): void;
  /** What was taken could not be stored. */
  putBack(): void;
  /** The lease is, so nothing it tells counts any more. */
  lost(): void;
}

/**
 * Stores what the runs of a process tell, twice a second and of all of them together: of a value that another
 * one followed in between nobody hears. What is left at the end of a run is stored with that.
 */
export class ReportRounds {
  readonly #store: Pick<JobStore, "report">;
  readonly #faults: FaultLog | null;
  readonly #waiting = new Set<Reporter>();
  #timer: NodeJS.Timeout | null = null;
  #round: Promise<void> | null = null;
  #hasStopped = false;

  /** @param faults what could not be stored is not lost: the next round has it again, or the end of the run */
  constructor(store: Pick<JobStore, "report">, faults: FaultLog | null = null) {
    this.#store = store;
    this.#faults = faults;
  }

  add(reporter: Reporter): void {
    if (this.#hasStopped) return;
    this.#waiting.add(reporter);
    // One round at a time, so that an older value is never stored after a newer one.
    if (!this.#round) this.#plan();
  }

  delete(reporter: Reporter): void {
    this.#waiting.delete(reporter);
  }

  /** Stores at once what is waiting. */
  async flush(): Promise<void> {
    while (this.#round) await this.#round;
    await this.#begin();
  }

  /** Stores what is waiting, and nothing from then on. */
  async stop(): Promise<void> {
    await this.flush();
    this.#hasStopped = true;
    this.#waiting.clear();
    this.#cancel();
  }

  #plan(): void {
    // A process that has nothing else to do need not wait for it.
    this.#timer ??= setTimeout(() => void this.#begin(), ROUND_MS).unref();
  }

  #cancel(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #begin(): Promise<void> {
    this.#cancel();
    if (this.#waiting.size === 0) return Promise.resolve();
    this.#round ??= this.#storeAll().finally(() => {
      this.#round = null;
      if (this.#waiting.size > 0) this.#plan();
    });
    return this.#round;
  }

  async #storeAll(): Promise<void> {
    const reporters = [...this.#waiting];
    this.#waiting.clear();
    try {
      const told = reporters.flatMap((reporter) => {
        const report = reporter.take();
        return report ? [{ reporter, job: reporter.job, report }] : [];
      });
      const held = await this.#store.report(told.map(({ job, report }) => ({ job, report })));
      this.#faults?.works(STORING);
      told.forEach(({ reporter }, i) => {
        if (held[i]) reporter.stored();
        else reporter.lost();
      });
    } catch (error) {
      for (const reporter of reporters) reporter.putBack();
      this.#faults?.failed(STORING, error);
    }
  }
}
