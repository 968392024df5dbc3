import fc from "fast-check";
import { expect } from "vitest";
import { QueueError } from "../../src/errors.ts";
import type { Verdict } from "../../src/store.ts";
import { newJob } from "./new-jobs.ts";
import type { Rule } from "./store-conformance.ts";
import type { TestBed, TestClaim, TestProcess } from "./test-bed.ts";

const WORKERS = ["worker-1", "worker-2", "worker-3"];
const VERDICTS: readonly Verdict[] = [
  { verb: "complete", result: null },
  { verb: "complete", result: "1" },
  { verb: "retry", delayMs: 5_000, error: "no luck", timedOut: false },
  { verb: "bury", reason: "not_retryable", error: "no luck", timedOut: false },
  { verb: "snooze", delayMs: 1_000 },
  { verb: "abandon" },
  { verb: "handBack" },
];

const pick = <Item>(items: readonly Item[], choice: number): Item | undefined => items[choice % items.length];

/** Several workers, operators and rescuers on one database, each step chosen from outside. */
class Crowd {
  readonly #bed: TestBed;
  readonly #rescuer: TestProcess;
  readonly #jobs: string[] = [];
  /** Every claim there ever was, so that stale ones are tried again and again. */
  readonly #claims: TestClaim[] = [];
  /** The newest lease of each job. */
  readonly #newest = new Map<string, number>();

  constructor(bed: TestBed, rescuer: TestProcess) {
    this.#bed = bed;
    this.#rescuer = rescuer;
  }

  readonly steps: Readonly<Record<string, (choice: number, other: number) => Promise<unknown>>> = {
    enqueue: async (choice, other) => {
      const wanted = this.#jobs.filter((_, i) => (i + choice) % 7 === 0).slice(-3);
      const states = await this.#bed.states(...wanted);
      const parents = wanted.filter((_, i) => states[i] !== "gone" && states[i] !== "discarded");
      const whenDead = other % 2 ? "cancel" : "continue";
      const { id } = await this.#bed.add({
        priority: (choice % 41) - 20,
        delayMs: other % 3 ? 0 : other,
        maxAttempts: 1 + (choice % 3),
        dependsOn: parents.map((jobId) => ({ jobId, whenDead })),
        expireAfterMs: choice % 4 === 0 ? 1 + other * 5 : null,
        ...(other % 5 === 0 ? { uniqueKey: `key-${choice % 4}` } : {}),
      });
      this.#jobs.push(id);
    },
    claim: async (choice, other) => {
      const worker = pick(WORKERS, choice) ?? "";
      for (const claimed of await this.#bed.queue.dequeueBatch(worker, 1 + (other % 3))) {
        expect(claimed.leaseToken).toBeGreaterThan(this.#newest.get(claimed.id) ?? 0);
        this.#newest.set(claimed.id, claimed.leaseToken);
        this.#claims.push(claimed);
      }
    },
    finish: async (choice, other) => {
      const claim = pick(this.#claims, choice);
      const verdict = pick(VERDICTS, other);
      if (!claim || !verdict) return;
      const before = await this.#bed.store.getJob(claim.id);
      const holds = before?.status === "processing" && this.#newest.get(claim.id) === claim.leaseToken;
      const followUps = verdict.verb === "complete" && other % 3 === 0 ? [newJob()] : [];
      const { accepted } = await this.#bed.finish(claim, verdict, { followUps });
      expect(accepted, `${verdict.verb} under lease ${claim.leaseToken}`).toBe(holds);
      const runs = (await this.#bed.store.getJob(claim.id))?.attempts ?? 0;
      const recorded = accepted && ["complete", "retry", "bury"].includes(verdict.verb) ? 1 : 0;
      expect(runs).toBeLessThanOrEqual((before?.attempts ?? 0) + recorded);
    },
    cancel: (choice) => this.#tolerantly((id) => this.#bed.store.cancel(id), pick(this.#jobs, choice)),
    revive: async (choice) => {
      const { items } = await this.#bed.store.listDeadLetters({ limit: 50 });
      await this.#tolerantly((id) => this.#bed.store.revive(id), pick(items, choice)?.id);
    },
    discard: async (choice) => {
      const { items } = await this.#bed.store.listDeadLetters({ limit: 50 });
      const audit = { actor: "ann", action: "discard", subject: "a dead letter", detail: null };
      await this.#tolerantly((id) => this.#bed.store.discard(id, audit), pick(items, choice)?.id);
    },
    undiscard: async (choice, other) => {
      const { items } = await this.#bed.store.listDiscarded({ limit: 50 });
      const audit = { actor: "ann", action: "undiscard", subject: "a dead letter", detail: null };
      const { store } = this.#bed;
      const verb = (id: string): Promise<void> =>
        other % 3 === 0 ? store.erase(id, audit) : store.putBack(id, audit);
      await this.#tolerantly(verb, pick(items, choice)?.id);
    },
    advance: async (choice) => this.#bed.clock.advance(choice * 10),
    setWall: async (choice, other) =>
      this.#bed.clock.setWall(this.#bed.clock.now() + (choice - other) * 60_000),
    beat: (choice) => this.#bed.store.beat({ id: pick(WORKERS, choice) ?? "", leaseMs: 30_000 }),
    rescue: async () => {
      this.#bed.clock.advance(10_000);
      await this.#rescuer.queue.releaseStaleJobs();
    },
    expire: () => this.#bed.queue.expireJobs(),
    prune: () => this.#bed.store.prune({ keepMs: 60_000 }),
  };

  /** No new trouble: time passes, silent workers are rescued, and whatever can be claimed completes. */
  async drain(): Promise<readonly string[]> {
    for (let quiet = 0; quiet < 6; ) {
      this.#bed.clock.advance(24 * 60 * 60_000);
      const rescued = await this.#rescuer.queue.releaseStaleJobs();
      const claimed = await this.#bed.queue.dequeueBatch("drainer", 100);
      for (const job of claimed) await this.#bed.queue.completeJob(job);
      quiet = rescued + claimed.length === 0 ? quiet + 1 : 0;
    }
    const states = await this.#bed.states(...this.#jobs);
    return states.filter(
      (state) => !["completed", "cancelled", "failed", "discarded", "gone"].includes(state),
    );
  }

  /** What was not there any more, or has moved on, is refused; that is no fault. */
  async #tolerantly(verb: (id: string) => Promise<unknown>, id: string | undefined): Promise<void> {
    try {
      await verb(id ?? "nobody");
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
    }
  }
}

export function interleavingRules(rule: Rule): void {
  rule(
    "R10: whatever workers and operators do, only the current lease changes a job and everything ends",
    async (bed) => {
      const names = [
        "enqueue",
        "enqueue",
        "claim",
        "claim",
        "finish",
        "finish",
        "finish",
        "cancel",
        "revive",
        "discard",
        "undiscard",
      ];
      const others = ["advance", "setWall", "beat", "rescue", "rescue", "expire", "prune"];
      const step = fc.tuple(fc.constantFrom(...names, ...others), fc.nat(1_000), fc.nat(1_000));
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80, size: "max" }), async (steps) => {
          const fresh = await bed.openBeside();
          try {
            const crowd = new Crowd(fresh, await fresh.openProcess());
            for (const [name, choice, other] of steps) await crowd.steps[name]?.(choice, other);
            expect(await fresh.database.faults()).toEqual([]);
            expect(await crowd.drain()).toEqual([]);
            expect(await fresh.database.faults()).toEqual([]);
          } finally {
            await fresh.close();
          }
        }),
        // Each run has a database of its own; shrinking would take hundreds of them, and seed and path are printed.
        { numRuns: 20, endOnFailure: true },
      );
    },
  );
}
