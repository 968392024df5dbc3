import { closeSync, existsSync, type FSWatcher, mkdirSync, openSync, rmSync, watch } from "node:fs";
import { join } from "node:path";
import type { Bell, BellOptions } from "../store.ts";
import { bellName } from "./bell-names.ts";

/** A worker's bell: a file that somebody unlinks when there is work for it. */
export class HungBell implements Bell {
  readonly #options: BellOptions;
  readonly #folder: string;
  readonly #path: string;
  #watcher: FSWatcher | null = null;
  #isHung = false;
  #isBroken = false;

  constructor(folder: string, options: BellOptions) {
    this.#options = options;
    this.#folder = folder;
    this.#path = join(folder, bellName(options.lines));
  }

  hang(): boolean {
    if (this.#isHung || this.#isBroken) return false;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      // Before the file is there, so that its end cannot be missed.
      this.#watcher ??= this.#watch();
      closeSync(openSync(this.#path, "w", 0o600));
      this.#isHung = true;
      return true;
    } catch (error) {
      this.#giveUp(error);
      return false;
    }
  }

  takeDown(): void {
    if (!this.#isHung) return;
    this.#isHung = false;
    try {
      rmSync(this.#path, { force: true });
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #stopWatching(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  stop(): void {
    this.#stopWatching();
    this.#isBroken = true;
    // Left hanging it would cost one ring, as that of a worker that was killed does.
    this.takeDown();
  }

  #watch(): FSWatcher {
    const watcher = watch(this.#folder, { persistent: false }, () => {
      // Whatever happened in the folder: what counts is whether our own bell still hangs.
      if (!this.#isHung || existsSync(this.#path)) return;
      this.#isHung = false;
      // Somebody removed the whole folder: a watcher of what is gone would hear nothing of its successor.
      if (!existsSync(this.#folder)) this.#stopWatching();
      this.#options.onRing();
    });
    watcher.on("error", (error) => this.#giveUp(error));
    return watcher;
  }

  #giveUp(cause: unknown): void {
    if (this.#isBroken) return;
    this.stop();
    this.#options.onError(
      new Error(`No bell can be hung in ${this.#folder}: this worker looks for work by itself`, { cause }),
    );
  }
}

/** Where there are no files: the worker looks by itself. */
export const NO_BELL: Bell = { hang: () => false, takeDown: () => undefined, stop: () => undefined };
