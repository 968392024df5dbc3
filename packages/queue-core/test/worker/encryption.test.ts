import { readFileSync } from "node:fs";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createKeyring, createQueue, createWorker, defineJob, type Queue, snooze } from "../../src/index.ts";
import { openSqliteStore } from "../../src/sqlite/index.ts";
import type { JobStore } from "../../src/store.ts";
import { createFolder, dumpTables, readDatabase } from "../sqlite/sqlite-test-database.ts";
import { until } from "./until.ts";

/** What must be found neither in the database nor in the log. */
const IBAN = "DE02120300000000202051";

const payload = z.object({ iban: z.string() });
const jobs = [
  defineJob("pay_out", {
    payload,
    encrypted: true,
    retry: { attempts: 1 },
    onDead: (dead) => {
      if (dead.payload.iban !== IBAN || !dead.error.includes(IBAN)) return [];
      throw new Error(`no letter for ${IBAN}`);
    },
  }),
  defineJob("pay_many", { payload, encrypted: true, timeoutMs: 50, retry: { attempts: 1 } }),
  defineJob("confirm", { payload: z.object({}), encrypted: true }),
] as const;
const keyring = createKeyring([{ id: "key-1", secret: Buffer.alloc(32, 7) }]);

let folder: ReturnType<typeof createFolder>;
let store: JobStore;
let queue: Queue<typeof jobs>;
let lines: string[];
const log = pino({ level: "debug" }, { write: (line) => void lines.push(line) });

beforeEach(async () => {
  folder = createFolder();
  store = await openSqliteStore({ path: `${folder.path}/jobs.db` });
  queue = createQueue({ store, jobs, keyring });
  lines = [];
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

const ended = async (id: string): Promise<boolean> =>
  ["completed", "failed"].includes((await store.getJob(id))?.status ?? "");

async function run(
  handlers: Parameters<typeof createWorker<typeof jobs, unknown>>[0]["handlers"],
  ids: string[],
) {
  const worker = createWorker({ queue, log, pollMs: 20, handlers });
  worker.start();
  for (const id of ids) await until(`job ${id} to end`, () => ended(id));
  await worker.stop();
}

function expectNoPlaintext(): void {
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.join("")).not.toContain(IBAN);
  expect(JSON.stringify(readDatabase(`${folder.path}/jobs.db`, dumpTables))).not.toContain(IBAN);
}

describe("an encrypted job type", () => {
  it("that is handled in batches does not say in the log what a batch that was left behind ran into", async () => {
    const { id } = await queue.enqueue("pay_many", { iban: IBAN });
    const late = Promise.withResolvers<void>();
    await run(
      {
        pay_many: {
          batch: { size: 1 },
          handle: async ([job]) => {
            await late.promise;
            throw new Error(`no account ${job?.payload.iban}`);
          },
        },
      },
      [id],
    );
    late.resolve();
    const told = (): string | undefined => lines.find((line) => line.includes("after its run had ended"));
    expect(await until("the late failure to be logged", told)).toContain("withheld");
    expectNoPlaintext();
  });

  it("its handler sees plain text, of steps and parents too; the database and the log do not", async () => {
    const { id: first } = await queue.enqueue("pay_out", { iban: IBAN });
    const { id: second } = await queue.enqueue("confirm", {}, { dependsOn: [first] });
    const seen: unknown[] = [];
    await run(
      {
        pay_out: async ({ iban }, ctx) => {
          seen.push(iban, await ctx.once("ask", () => ({ asked: IBAN })));
          ctx.log.info({ error: iban }, "a field that may hold anything");
          return { paid: iban };
        },
        confirm: async (_, ctx) => {
          seen.push((await ctx.parents()).map(({ result }) => result));
        },
      },
      [first, second],
    );
    expect(seen).toEqual([IBAN, { asked: IBAN }, [{ paid: IBAN }]]);
    expectNoPlaintext();
    expect(await queue.result(first)).toEqual({ paid: IBAN });
  });

  it("what its runs tell is among what is left under a key, by the SQL of docs/encryption.md", async () => {
    const page = readFileSync(new URL("../../../../docs/encryption.md", import.meta.url), "utf8");
    const sql = /```sql\n([^]*?)```/.exec(page)?.[1]?.replaceAll("2026-05", "key-1") ?? "";
    const left = (): unknown =>
      readDatabase(`${folder.path}/jobs.db`, (database) => database.prepare(sql).raw().all());
    expect(left()).toEqual([]);
    const { id } = await queue.enqueue("confirm", {});
    await run({ confirm: (_, ctx) => ctx.progress({ iban: IBAN }) }, [id]);
    expect(left()).toEqual([
      ["job", expect.stringContaining("confirm"), 1],
      ["progress or log", "attempt 1", 1],
    ]);
  });

  it("a step that was recorded is given back to the next run", async () => {
    const { id } = await queue.enqueue("confirm", {});
    const asked: string[] = [];
    let calls = 0;
    await run(
      {
        confirm: async (_, ctx) => {
          asked.push(await ctx.once("ask", () => `${IBAN} ${(calls += 1)}`));
          return asked.length === 1 ? snooze(100) : null;
        },
      },
      [id],
    );
    expect(asked).toEqual([`${IBAN} 1`, `${IBAN} 1`]);
    expectNoPlaintext();
  });

  it("what its handler and its hook throw is told to nobody but who has the key", async () => {
    const { id } = await queue.enqueue("pay_out", { iban: IBAN });
    await run(
      {
        pay_out: ({ iban }) => {
          throw new RangeError(`no account ${iban}`);
        },
      },
      [id],
    );
    expectNoPlaintext();
    expect(lines.join("")).toContain("RangeError: withheld");
    const job = await store.getJob(id);
    expect(job?.lastError).toMatch(/^RangeError: sealed:key-1\./);
    expect(job && queue.decrypt(job).lastError).toBe(
      `RangeError: no account ${IBAN}\nIts onDead hook failed too: Error: no letter for ${IBAN}`,
    );
    await expect(queue.result(id)).rejects.toMatchObject({ lastError: expect.stringContaining(IBAN) });
    expect(await queue.attempts(id)).toMatchObject([{ error: expect.stringContaining(IBAN) }]);
    const keyless = createQueue({ store, jobs });
    await expect(keyless.result(id)).rejects.toMatchObject({ lastError: job?.lastError });
  });

  it("needs a keyring where a worker is to run it", () => {
    const keyless = createQueue({ store, jobs });
    const create = () =>
      createWorker({ queue: keyless, handlers: { pay_out: () => null, confirm: () => null } });
    expect(create).toThrow(expect.objectContaining({ code: "ENCRYPTION_KEY_MISSING" }));
    expect(create).toThrow(/pass a keyring to createQueue: pay_out, confirm/);
  });
});
