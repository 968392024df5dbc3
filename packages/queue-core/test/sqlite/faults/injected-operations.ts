import { newJob } from "../../conformance/new-jobs.ts";
import type { FaultBed } from "./fault-bed.ts";

const LEASE_MS = 30_000;
const YEAR_MS = 365 * 24 * 60 * 60_000;

/** One call of the store's, ready to be made. */
export interface PreparedCall {
  readonly act: () => Promise<unknown>;
  /** Whether what the call does is there. Left out where the call only reads. */
  readonly isDone?: () => Promise<boolean>;
  /** Several small transactions: a fault in the middle leaves those before it, and another call goes on from there. */
  readonly isStepwise?: true;
}

/** Brings the store to where the call has something to do. */
type Prepare = (bed: FaultBed) => Promise<PreparedCall>;

let keys = 0;
const nextKey = (): number => {
  keys += 1;
  return keys;
};

/** Whether there are as many jobs more as a call adds. */
async function adds(bed: FaultBed, count: number): Promise<() => Promise<boolean>> {
  const total = async (): Promise<number> =>
    (await bed.queue.stats()).byType.reduce((sum, row) => sum + row.count, 0);
  const before = await total();
  return async () => (await total()) === before + count;
}

/** Every way of writing that the store has, each prepared so that it changes something. */
export const OPERATIONS: Readonly<Record<string, Prepare>> = {
  enqueue: async (bed) => ({
    act: () => bed.queue.enqueue("mail", { n: 1 }),
    isDone: await adds(bed, 1),
  }),
  "enqueue of many": async (bed) => ({
    act: () => bed.queue.enqueueMany("report", [{ n: 1 }, { n: 2 }, { n: 3 }], { delayMs: 1_000 }),
    isDone: await adds(bed, 3),
  }),
  "several at once": async (bed) => ({
    act: () => Promise.all([1, 2, 3].map((n) => bed.queue.enqueue("mail", { n }))),
    isDone: await adds(bed, 3),
  }),
  "enqueue in a transaction with rows of the application's": async (bed) => {
    const id = nextKey();
    const isAdded = await adds(bed, 1);
    return {
      act: () =>
        bed.store.transaction(async (tx) => {
          await tx.sql.insertInto("note").values({ id, text: "before" }).execute();
          await bed.queue.enqueue("mail", { n: 1 }, { tx });
          await tx.sql.updateTable("note").set({ text: "after" }).where("id", "=", id).execute();
        }),
      isDone: async () => (await bed.noteExists(id)) && (await isAdded()),
    };
  },
  "enqueue under a new unique key": async (bed) => {
    const uniqueKey = `key-${nextKey()}`;
    return { act: () => bed.queue.enqueue("mail", { n: 1 }, { uniqueKey }), isDone: await adds(bed, 1) };
  },
  "enqueue under a unique key that is taken": async (bed) => {
    const uniqueKey = `key-${nextKey()}`;
    await bed.queue.enqueue("mail", { n: 1 }, { uniqueKey });
    return { act: () => bed.queue.enqueue("mail", { n: 1 }, { uniqueKey }) };
  },
  "enqueue behind two parents": async (bed) => {
    const parents = await bed.queue.enqueueMany("report", [{ n: 1 }, { n: 2 }]);
    const dependsOn = parents.map(({ id }) => id);
    return { act: () => bed.queue.enqueue("mail", { n: 1 }, { dependsOn }), isDone: await adds(bed, 1) };
  },
  claim: async (bed) => {
    const jobs = await bed.queue.enqueueMany("custom", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    return {
      act: () => bed.queue.dequeueBatch("worker-1", 10, { types: ["custom"] }),
      isDone: async () => {
        const statuses = await Promise.all(jobs.map(({ id }) => bed.status(id)));
        return statuses.every((status) => status === "processing");
      },
    };
  },
  "claim that sets aside what its key holds back": async (bed) => {
    await bed.queue.setLimit("exponential", { perKey: { concurrency: 1 } });
    const limitKey = `key-${nextKey()}`;
    const jobs: { readonly id: string }[] = [];
    for (const n of [1, 2, 3])
      jobs.push(await bed.queue.enqueue("exponential", { n }, { limitKey, groupKey: limitKey }));
    return {
      act: () => bed.queue.dequeueBatch("worker-1", 20, { types: ["exponential"] }),
      isDone: async () => (await bed.status(jobs[0]?.id ?? "")) === "processing",
    };
  },
  "enqueue of many of a group and a key": async (bed) => {
    const settings = { limitKey: `key-${nextKey()}`, groupKey: `group-${nextKey()}` };
    const payloads = [1, 2, 3, 4, 5].map((n) => ({ n }));
    return {
      act: () => bed.queue.enqueueMany("exponential", payloads, settings),
      isDone: await adds(bed, 5),
    };
  },
  "setting a limit": async (bed) => {
    await bed.queue.setLimit("exponential", { perKey: { concurrency: 1 } });
    const concurrency = 2 + nextKey();
    return {
      act: () => bed.queue.setLimit("exponential", { concurrency, perKey: { concurrency: 1 } }),
      isDone: async () => (await bed.queue.limits())[0]?.concurrency === concurrency,
      isStepwise: true,
    };
  },
  beat: async (bed) => {
    await bed.queue.enqueue("mail", { n: 1 });
    await bed.claim();
    return { act: () => bed.store.beat({ id: "worker-1", leaseMs: LEASE_MS }) };
  },
  "a step's checkpoint": async (bed) => {
    await bed.queue.enqueue("mail", { n: 1 });
    const claimed = await bed.claim();
    return {
      act: () => bed.store.recordStep(claimed, "charge", '"paid"'),
      isDone: async () => (await bed.store.readStep(claimed, "charge")) !== undefined,
    };
  },
  "completion that releases a child": async (bed) => {
    const { id } = await bed.queue.enqueue("fixed", { n: 1 });
    const child = await bed.queue.enqueue("mail", { n: 1 }, { dependsOn: [id] });
    const claimed = await bed.claim("fixed");
    return {
      act: () => bed.complete(claimed),
      isDone: async () => (await bed.status(child.id)) === "pending",
    };
  },
  "completion with follow-ups and an effect": async (bed) => {
    const noteId = nextKey();
    await bed.queue.enqueue("fixed", { n: 1 });
    const claimed = await bed.claim("fixed");
    const isAdded = await adds(bed, 1);
    return {
      act: () =>
        bed.complete(claimed, {
          followUps: [newJob()],
          effects: [
            // The store's own tables are not described to the tests' application; these are.
            async ({ sql }) => {
              await (sql as unknown as typeof bed.store.read)
                .insertInto("note")
                .values({ id: noteId, text: "effect" })
                .execute();
            },
          ],
        }),
      isDone: async () =>
        (await bed.status(claimed.id)) === "completed" && (await bed.noteExists(noteId)) && (await isAdded()),
    };
  },
  "failure that is retried": async (bed) => {
    await bed.queue.enqueue("exponential", { n: 1 });
    const claimed = await bed.claim("exponential");
    return {
      act: () => bed.queue.failJob(claimed, new Error("no luck")),
      isDone: async () => (await bed.store.attempts(claimed.id)).length === 1,
    };
  },
  "last failure, with what its type's hook adds": async (bed) => {
    await bed.queue.enqueue("mourned", { n: 1 });
    const claimed = await bed.claim("mourned");
    const isAdded = await adds(bed, 1);
    return {
      act: () => bed.queue.failJob(claimed, new Error("no luck")),
      isDone: async () => (await bed.status(claimed.id)) === "failed" && (await isAdded()),
    };
  },
  "cancelling with a child": async (bed) => {
    const { id } = await bed.queue.enqueue("report", { n: 1 });
    const child = await bed.queue.enqueue("report", { n: 2 }, { dependsOn: [id] });
    return {
      act: () => bed.store.cancel(id),
      isDone: async () => (await bed.status(child.id)) === "cancelled",
    };
  },
  "revival of a dead letter and its child": async (bed) => {
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    const child = await bed.queue.enqueue("mail", { n: 2 }, { dependsOn: [id] });
    const deadId = await bed.bury(id);
    return {
      act: () => bed.store.revive(deadId),
      isDone: async () => (await bed.status(id)) === "pending" && (await bed.status(child.id)) === "waiting",
    };
  },
  "discarding a dead letter": async (bed) => {
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    const deadId = await bed.bury(id);
    const audit = { actor: "test", action: "discard", subject: id, detail: null };
    return {
      act: () => bed.store.discard(deadId, audit),
      isDone: async () => (await bed.status(id)) === "gone",
    };
  },
  "what a run tells while it goes on": async (bed) => {
    const { id } = await bed.queue.enqueue("mail", { n: 1 });
    const [job] = await bed.queue.dequeueBatch("worker-1", 1);
    if (!job) throw new Error("nothing could be claimed");
    return {
      act: () => bed.store.report([{ job, report: { progress: "40", log: '"a line"', logBytesCut: 0 } }]),
      isDone: async () => (await bed.store.reports(id)).length === 1,
    };
  },
  "putting back a discarded one": async (bed) => {
    const { id } = await bed.queue.enqueue("fragile", { n: 1 }, { uniqueKey: `key-${nextKey()}` });
    const deadId = await bed.bury(id);
    const audit = { actor: "test", action: "put_back", subject: id, detail: null };
    await bed.store.discard(deadId, audit);
    return {
      act: () => bed.store.putBack(deadId, audit),
      isDone: async () => (await bed.status(id)) === "failed",
    };
  },
  "erasing a discarded one": async (bed) => {
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    const deadId = await bed.bury(id);
    const audit = { actor: "test", action: "erase", subject: id, detail: null };
    await bed.store.discard(deadId, audit);
    const isThere = async () =>
      (await bed.store.listDiscarded({ limit: 200 })).items.some((item) => item.originalJobId === id);
    return { act: () => bed.store.erase(deadId, audit), isDone: async () => !(await isThere()) };
  },
  "slots of a schedule": async (bed) => {
    const id = `schedule-${nextKey()}`;
    await bed.queue.registerCron("report", "* * * * *", { id, payload: { n: 1 } });
    bed.clock.advance(60_000);
    const find = async () => (await bed.store.listSchedules()).find((schedule) => schedule.id === id);
    return {
      act: () => bed.queue.runDueCronJobs(),
      isDone: async () => (await find())?.lastRunAt !== null,
    };
  },
  "promotion of what is due": async (bed) => {
    const { id } = await bed.queue.enqueueDelayed("mail", { n: 1 }, 1_000);
    bed.clock.advance(1_000);
    return {
      act: () => bed.store.promoteDue(),
      isDone: async () => (await bed.status(id)) === "pending",
      isStepwise: true,
    };
  },
  rescue: async (bed) => {
    const { id } = await bed.queue.enqueue("custom", { n: 1 }, { priority: 20 });
    await bed.queue.dequeue("worker-2", { types: ["custom"] });
    return {
      act: async () => {
        for (let look = 0; look < 4; look += 1) {
          await bed.store.rescue();
          bed.clock.advance(LEASE_MS / 3);
        }
      },
      isDone: async () => (await bed.status(id)) === "pending",
      isStepwise: true,
    };
  },
  "forgetting what is older than its retention": async (bed) => {
    const { id } = await bed.queue.enqueue("report", { n: 1 });
    await bed.store.cancel(id);
    // The newest job of all is kept.
    await bed.queue.enqueue("mail", { n: 1 });
    bed.clock.advance(1_000);
    const policy = { keepMs: YEAR_MS, byType: { report: { cancelledMs: 0 } } };
    return {
      act: () => bed.store.prune(policy),
      isDone: async () => (await bed.status(id)) === "gone",
      isStepwise: true,
    };
  },
  "forgetting dead letters and logs that are older than their retention": async (bed) => {
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    await bed.bury(id);
    const { id: told } = await bed.queue.enqueue("mail", { n: 1 });
    const [job] = await bed.queue.dequeueBatch("worker-1", 1);
    if (!job) throw new Error("nothing could be claimed");
    await bed.store.report([{ job, report: { log: '"a line"', logBytesCut: 0 } }]);
    bed.clock.advance(1_000);
    return {
      act: () => bed.store.prune({ keepMs: YEAR_MS, deadMs: 1_000, logMs: 1_000 }),
      isDone: async () =>
        (await bed.status(id)) === "gone" && (await bed.store.reports(told))[0]?.log === null,
      isStepwise: true,
    };
  },
  reads: async (bed) => {
    const { id } = await bed.queue.enqueue("mail", { n: 1 });
    return {
      act: async () => {
        await bed.queue.stats();
        await bed.store.getJob(id);
        await bed.store.reports(id);
        await bed.store.listJobs({ limit: 5 });
        await bed.store.listDeadLetters({ limit: 5 });
        await bed.store.workers();
        await bed.store.listSchedules();
        await bed.store.recentFailures(5);
        await bed.noteExists(1);
      },
    };
  },
};
