import { existsSync } from "node:fs";
import { definitionOf } from "../catalog.ts";
import { OptionInvalidError } from "../errors.ts";
import { shown } from "../known-options.ts";
import type { FinishOutcome } from "../store.ts";
import { crashRun, failRun } from "./fail-run.ts";
import { type IsolatedEnd, runIsolated } from "./isolated-run.ts";
import { type RecordOptions, recordFinish } from "./record-finish.ts";
import type { Run } from "./run.ts";

/**
 * Runs jobs that may have killed a process, each alone in a process of its own. They take turns: one that eats all
 * memory must not have another one killed for it.
 */
export class LoneRuns {
  readonly #entry: URL;
  readonly #recording: Omit<RecordOptions, "run">;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param entry a module that calls `serveIsolatedRun`
   * @throws {OptionInvalidError} if it is not there: its jobs would be tried for ever
   */
  constructor(entry: URL, recording: Omit<RecordOptions, "run">) {
    if (!(entry instanceof URL && entry.protocol === "file:" && existsSync(entry))) {
      const got = shown(entry instanceof URL ? entry.href : entry);
      throw new OptionInvalidError(`isolatedEntry must be the URL of a file that is there, got ${got}`);
    }
    this.#entry = entry;
    this.#recording = recording;
  }

  /** @returns how its end was recorded; null if it could not be */
  async run(run: Run): Promise<FinishOutcome | null> {
    const { job, log } = run;
    const { queue } = this.#recording;
    const recording = { ...this.#recording, run };
    const { signal } = run.abort;
    const { timeoutMs } = definitionOf(queue.catalog, job.type);
    const turn = this.#last.then((): Promise<IsolatedEnd> | IsolatedEnd =>
      signal.aborted
        ? { kind: "abandoned" }
        : runIsolated({ entry: this.#entry, job, timeoutMs, signal, log }),
    );
    // Whatever comes of it, the next one's turn comes.
    this.#last = turn.catch(() => undefined);
    const end = await turn;
    switch (end.kind) {
      case "recorded":
        return end.outcome;
      case "abandoned": {
        const finish = { job, verdict: { verb: "handBack" }, followUps: [], effects: [] } as const;
        return recordFinish({ job, finish }, recording);
      }
      case "timedOut": {
        const finish = failRun(queue, { job, error: end.error, timedOut: true }, log);
        return recordFinish({ job, finish }, recording);
      }
      case "died":
        return recordFinish({ job, finish: crashRun(queue, job, end.how, log) }, recording);
    }
  }
}
