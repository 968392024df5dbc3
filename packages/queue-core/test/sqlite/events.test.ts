import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endListening, MAX_EVENTS } from "../../src/sqlite/events.ts";
import { RecordingStore } from "./recording-store.ts";

let bed: RecordingStore;
beforeEach(async () => {
  bed = await RecordingStore.open();
});
afterEach(() => bed.close());

const listener = { id: "one", forMs: 60_000 };
const triggers = (): unknown[] =>
  bed.connections[0]?.database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all() ?? [];

/** A feed that has begun: what happens from here on comes. */
async function follow(): Promise<ReturnType<typeof bed.queue.events>> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const feed = bed.queue.events({ pollMs: 10, kinds: ["enqueued"], onListening: resolve });
  const first = feed.next();
  await promise;
  await bed.queue.enqueue("mail", { n: 0 });
  await first;
  return feed;
}

const nextOf = async (feed: Awaited<ReturnType<typeof follow>>): Promise<unknown> =>
  (await feed.next()).value;

describe("events", () => {
  it("cost a queue that nobody listens to nothing: there are no triggers, before and after", async () => {
    expect(triggers()).toEqual([]);
    await bed.store.listen(listener);
    expect(triggers()).toHaveLength(8);
    await bed.store.unlisten(listener.id);
    expect(triggers()).toEqual([]);
  });

  it("are no more written once the last listener was silent for too long, and somebody has looked", async () => {
    await bed.store.listen(listener);
    bed.clock.advance(listener.forMs + 1);
    await bed.store.checkpoint();
    expect(triggers()).toEqual([]);
  });

  it("are not asked for at all by who has no time for them", async () => {
    const feed = bed.queue.events({ signal: AbortSignal.abort() });
    expect(await bed.statementsOf(() => feed.next())).toEqual([]);
  });

  it("that a migration may have cost are told of: its listeners are forgotten", async () => {
    await bed.store.listen(listener);
    const [connection] = bed.connections;
    if (connection) endListening(connection);
    expect(triggers()).toEqual([]);
    expect((await bed.store.listen(listener)).isNew).toBe(true);
    expect(triggers()).toHaveLength(8);
  });

  it("come again after a listener was forgotten, who is told so; when he leaves nothing is written", async () => {
    const feed = await follow();
    bed.clock.advance(31_000);
    await bed.store.checkpoint();
    expect(triggers()).toEqual([]);
    expect(await nextOf(feed)).toEqual({ kind: "missed", count: null });
    const { id } = await bed.queue.enqueue("mail", { n: 1 });
    expect(await nextOf(feed)).toMatchObject({ kind: "enqueued", jobId: id });
    await feed.return(undefined);
    expect(triggers()).toEqual([]);
  });

  it("cost a listener a word to the others three times a lease, however often he looks", async () => {
    const feed = await follow();
    bed.clock.advance(10_001);
    const statements = await bed.statementsOf(async () => {
      for (let n = 0; n < 3; n += 1) {
        await bed.queue.enqueue("mail", { n });
        await feed.next();
      }
    });
    expect(statements.filter((sql) => sql.startsWith("INSERT INTO event_listener"))).toHaveLength(1);
    await feed.return(undefined);
  });

  it("are kept up to a bound, and who was too slow is told so", async () => {
    const feed = await follow();
    const { last } = await bed.store.listen(listener);
    const payloads = Array.from({ length: 1_000 }, (_, n) => ({ n }));
    for (let added = 0; added < MAX_EVENTS; added += payloads.length)
      await bed.queue.enqueueMany("mail", payloads);
    expect((await bed.store.events(last, 1)).missed).toBe(0);
    await bed.queue.enqueueMany("mail", payloads.slice(0, 7));
    const page = await bed.store.events(last, 10);
    expect(page).toMatchObject({ missed: 7, last: last + 17 });
    expect(page.events).toHaveLength(10);
    const kept = bed.connections[0]?.database.prepare("SELECT count(*) FROM event").pluck().get();
    expect(kept).toBe(MAX_EVENTS);
    expect(await nextOf(feed)).toEqual({ kind: "missed", count: 7 });
    expect(await nextOf(feed)).toMatchObject({ kind: "enqueued" });
  });
});
