import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { jobs } from "@holdfast/job-schemas";
import { createQueue } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";
import { pino } from "pino";
import { expect, it } from "vitest";
import { EventStreams, EventStreamsFullError } from "../../src/event-streams.ts";
import { makeDeadLetter, openTestAdmin, type TestAdmin, TOKEN } from "../open-test-admin.ts";
import { IBAN, payoutQueue } from "../payout-queue.ts";

/** What comes over a stream: the blocks that an empty line ends. */
async function* blocksOf(response: Response): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    yield* blocks;
  }
}

type Stream = ReturnType<typeof blocksOf>;

/** Watches, and resolves once what happens from here on comes. */
async function watch(admin: TestAdmin, query = "", init: RequestInit = {}): Promise<Stream> {
  const authorization = `Bearer ${TOKEN}`;
  const response = await admin.send(`/admin/events${query}`, { headers: { authorization }, ...init });
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
  ]);
  const stream = blocksOf(response);
  expect((await stream.next()).value).toBe("event: listening\ndata: {}");
  return stream;
}

async function take(stream: Stream, count: number): Promise<Record<string, unknown>[]> {
  const taken: Record<string, unknown>[] = [];
  while (taken.length < count) {
    const { value, done } = await stream.next();
    if (done) break;
    if (value.startsWith("data: ")) taken.push(JSON.parse(value.slice("data: ".length)));
  }
  return taken;
}

type ListenerTables = { event_listener: { id: string } };

async function listeners(admin: TestAdmin): Promise<number> {
  const read = admin.queue.store.read.$extendTables<ListenerTables>();
  return (await read.selectFrom("event_listener").select("id").execute()).length;
}

const payload = { orderId: "secret-order", userId: "user-1" };

it("tells what happens to jobs as it happens, and never a payload", async () => {
  const admin = await openTestAdmin();
  const stream = await watch(admin);
  const { originalJobId } = await makeDeadLetter(admin.queue, payload);
  const events = await take(stream, 3);
  expect(events.map(({ kind, jobId, type }) => [kind, jobId, type])).toEqual(
    ["enqueued", "started", "dead"].map((kind) => [kind, originalJobId, "generate_invoice"]),
  );
  expect(events[2]).toMatchObject({ attempt: 1, error: "Error: ENOSPC: the disk is full", workflowId: null });
  expect(JSON.stringify(events)).not.toContain("secret-order");
});

it("tells an encrypted error by its key alone, and a long one by its beginning", async () => {
  const admin = await openTestAdmin({ queueOf: (store) => payoutQueue(store) as unknown as ShopQueue });
  const stream = await watch(admin);
  const queue = payoutQueue(admin.queue.store);
  await queue.enqueue("pay_out", { iban: IBAN });
  const failing = await queue.dequeue("worker-1");
  if (failing) await queue.failJob(failing, new Error(`no account ${IBAN}`));
  expect((await take(stream, 3))[2]?.error).toBe("Error: (encrypted with key 2026-11)");

  const shop = createQueue({ store: admin.queue.store, jobs });
  const long = await watch(admin, "?type=generate_invoice");
  await makeDeadLetter(shop, payload, new Error("x".repeat(5_000)));
  expect((await take(long, 3))[2]?.error).toHaveLength(1_000);
});

it("tells of one type or of one job alone, if asked to", async () => {
  const admin = await openTestAdmin();
  const [watched, other] = [
    await admin.queue.enqueueDelayed("sync_inventory", payload, 60_000),
    await admin.queue.enqueueDelayed("sync_inventory", payload, 60_000),
  ];
  const ofType = await watch(admin, "?type=generate_invoice");
  const ofJob = await watch(admin, `?job=${watched.id}`);
  for (const { id } of [other, watched]) await admin.queue.store.cancel(id);
  const { id } = await admin.queue.enqueue("generate_invoice", payload);
  expect(await take(ofType, 1)).toMatchObject([{ kind: "enqueued", jobId: id }]);
  expect(await take(ofJob, 1)).toMatchObject([{ kind: "cancelled", jobId: watched.id }]);
  expect((await admin.asOperator("/admin/events?type=No%20type")).status).toBe(400);
});

it("is closed without credentials, and ends with the session that it was opened with", async () => {
  const admin = await openTestAdmin({ beatMs: 20 });
  expect((await admin.send("/admin/events")).status).toBe(401);
  expect(await listeners(admin)).toBe(0);
  const cookie = await admin.logIn();
  const stream = await watch(admin, "", { headers: { cookie } });
  await admin.send("/admin/logout", { method: "POST", headers: { cookie, origin: admin.url } });
  for await (const block of stream) expect(block).toBe(": still there");
  await expect.poll(() => listeners(admin)).toBe(0);
});

it("shows signs of life, and costs the queue nothing any more when the watcher has gone", async () => {
  const admin = await openTestAdmin({ beatMs: 20 });
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${TOKEN}` };
  const stream = await watch(admin, "", { headers, signal: gone.signal });
  expect((await stream.next()).value).toBe(": still there");
  expect(await listeners(admin)).toBe(1);
  gone.abort();
  await expect.poll(() => listeners(admin)).toBe(0);
});

it("lets go of a watcher that takes nothing, and of one that only asks for the headers", async () => {
  const admin = await openTestAdmin({ beatMs: 20 });
  const authorization = `Bearer ${TOKEN}`;
  const response = await admin.send("/admin/events", { headers: { authorization } });
  // What nobody reads fills what lies between the two ends.
  const jobs = Array.from({ length: 1_000 }, () => payload);
  await expect
    .poll(
      async () => {
        await admin.queue.enqueueMany("sync_inventory", jobs, { delayMs: 60_000 });
        return await listeners(admin);
      },
      { timeout: 20_000, interval: 10 },
    )
    .toBe(0);
  await response.body?.cancel();
  await admin.send("/admin/events", { method: "HEAD", headers: { authorization } });
  await expect.poll(() => listeners(admin)).toBe(0);
});

it("refuses more watchers than there may be, until one goes", async () => {
  const admin = await openTestAdmin();
  const gone = new AbortController();
  const headers = { authorization: `Bearer ${TOKEN}` };
  await watch(admin, "", { headers, signal: gone.signal });
  for (let others = 0; others < 19; others += 1) await watch(admin);
  const refused = await admin.asOperator("/admin/events");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
  expect((await refused.json()).error.code).toBe("EVENT_STREAMS_FULL");
  gone.abort();
  await expect.poll(async () => (await admin.asOperator("/admin/events")).status).toBe(200);
});

it("ends its streams when it stops, and leaves no listener behind", async () => {
  const admin = await openTestAdmin();
  const stream = await watch(admin);
  const closing = admin.close();
  expect(await stream.next()).toEqual({ value: undefined, done: true });
  await closing;
});

it("takes no watcher any more once it has begun to stop", async () => {
  const { queue } = await openTestAdmin();
  const streams = new EventStreams({ queue, log: pino({ enabled: false }) });
  await streams.close();
  expect(() => streams.open({ isWelcome: () => true })).toThrow(EventStreamsFullError);
});

it("can be watched with curl", async (context) => {
  const run = promisify(execFile);
  const admin = await openTestAdmin();
  await run("curl", ["--version"]).catch(() => context.skip("no curl here"));
  const args = [
    "-sN",
    "--max-time",
    "20",
    "-H",
    `Authorization: Bearer ${TOKEN}`,
    `${admin.url}/admin/events`,
  ];
  const told = run("curl", args);
  let text = "";
  const enough = new Promise<void>((resolve) => {
    told.child.stdout?.on("data", (chunk) => {
      if (text === "") void admin.queue.enqueue("sync_inventory", payload);
      text += chunk;
      if (text.includes("enqueued")) resolve();
    });
  });
  await enough;
  told.child.kill();
  await told.catch(() => undefined);
  expect(text).toMatch(
    /^event: listening\ndata: \{\}\n\ndata: \{"kind":"enqueued",.*"type":"sync_inventory",.*\}\n\n$/,
  );
});
