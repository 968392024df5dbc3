import { expect, it } from "vitest";
import { RecordingStore } from "./recording-store.ts";

const DAY_MS = 24 * 60 * 60_000;

it("R20: a round of pruning reads no payload of what was discarded, for most of it is kept", async () => {
  const bed = await RecordingStore.open();
  await bed.queue.enqueue("mail", { n: 1 });
  const [job] = await bed.queue.dequeueBatch("worker-1", 1);
  if (!job) throw new Error("no job was claimed");
  await bed.store.finish([
    {
      job,
      verdict: { verb: "bury", reason: "not_retryable", error: "no luck", timedOut: false },
      followUps: [],
      effects: [],
    },
  ]);
  const [dead] = (await bed.store.listDeadLetters({ limit: 1 })).items;
  await bed.store.discard(dead?.id ?? "", { actor: "test", action: "discard", subject: "s", detail: null });
  const statements = await bed.statementsOf(() => bed.store.prune({ keepMs: 7 * DAY_MS }));
  const looks = statements.filter((sql) => sql.includes("FROM discarded_jobs WHERE n >"));
  expect(looks).toHaveLength(1);
  expect(looks.filter((sql) => /SELECT \*|payload/.test(sql))).toEqual([]);
  await bed.close();
});
