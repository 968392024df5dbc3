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

describe("events", () => {
  it("cost a queue that nobody listens to nothing: there are no triggers, before and after", async () => {
    expect(triggers()).toEqual([]);
    await bed.store.listen(listener);
    expect(triggers()).toHaveLength(8);
    await bed.store.unlisten(listener.id);
    expect(triggers()).toEqual([]);
  });

  it("that a migration may have cost are told of: its listeners are forgotten", async () => {
    await bed.store.listen(listener);
    const [connection] = bed.connections;
    if (connection) endListening(connection);
    expect(triggers()).toEqual([]);
    expect((await bed.store.listen(listener)).isNew).toBe(true);
    expect(triggers()).toHaveLength(8);
  });

  it("are kept up to a bound, and who was too slow is told so", async () => {
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
  });
});
