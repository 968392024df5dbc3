import { describe, expect, it } from "vitest";
import { MAX_ERROR_LENGTH } from "../../src/error-text.ts";
import { AttemptTimeoutError, cancel, NonRetryableError, snooze } from "../../src/index.ts";
import { until } from "./until.ts";
import { WorkerBed } from "./worker-bed.ts";

describe("R17: a run that takes longer than its type allows", () => {
  it("has its signal aborted, and its attempt recorded as timed out", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 }, { maxAttempts: 1 });
    let reason: unknown;
    bed.work({
      short: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
            reject(new DOMException("This operation was aborted", "AbortError"));
          });
        }),
    });
    const dead = await bed.dies(id);
    expect(reason).toBeInstanceOf(AttemptTimeoutError);
    expect(dead).toMatchObject({
      attempts: 1,
      reason: "attempts_exhausted",
      lastError: "AttemptTimeoutError: The run took longer than 40 ms",
    });
    expect((await bed.attempts(id)).map(({ outcome }) => outcome)).toEqual(["timed_out"]);
  });

  it("is retried like any other that failed", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 });
    bed.work({
      short: (_, { attempt }) => (attempt === 1 ? new Promise(() => {}) : "in time"),
    });
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 2, result: "in time" });
  });

  it("leaves its slot to others when its handler does not listen; what that returns is dropped, loudly", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 }, { maxAttempts: 1 });
    const release = Promise.withResolvers<string>();
    bed.work({ short: () => release.promise, task: () => 1 }, { concurrency: 1 });
    await bed.dies(id);
    const next = await bed.queue.enqueue("task", { n: 1 });
    await bed.reaches(next.id, "completed");
    release.resolve("too late");
    await bed.logged("handler returned after its run had ended, result dropped", id);
    expect((await bed.dies(id)).attempts).toBe(1);
  });

  it("logs what a handler that was left behind throws", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 }, { maxAttempts: 1 });
    const release = Promise.withResolvers<string>();
    bed.work({ short: () => release.promise });
    await bed.dies(id);
    release.reject(new Error("late and wrong"));
    const line = await bed.logged("handler failed after its run had ended", id);
    expect(line["error"]).toBe("Error: late and wrong");
  });

  it("completes if its handler blocked the thread past the timeout and then returned", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 });
    bed.work({
      short: () => {
        const end = performance.now() + 60;
        while (performance.now() < end);
        return "done";
      },
    });
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "done" });
  });
});

describe("a handler's outcome", () => {
  it("R5: snooze runs the job again later and spends no attempt", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    const attempts: number[] = [];
    bed.work({
      task: (_, { attempt }) => {
        attempts.push(attempt);
        return attempts.length < 3 ? snooze(100) : "done";
      },
    });
    expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "done" });
    expect(attempts).toEqual([1, 1, 1]);
  });

  it.each([Number.NaN, -5, 100.5, Number.POSITIVE_INFINITY])(
    "a snooze of %d ms can be stored",
    async (ms) => {
      const bed = await WorkerBed.open();
      const { id } = await bed.queue.enqueue("task", { n: 1 });
      let runs = 0;
      bed.work({
        task: () => {
          runs += 1;
          return runs === 1 ? snooze(ms) : "done";
        },
      });
      const line = await bed.logged("run ended", id);
      expect(line["status"]).toBe("scheduled");
      if (Number.isFinite(ms) || Number.isNaN(ms)) await bed.reaches(id, "completed");
    },
  );

  it("cancel ends the job as cancelled and spends no attempt", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.work({ task: () => cancel() });
    expect(await bed.reaches(id, "cancelled")).toMatchObject({ attempts: 0, completedAt: null });
  });

  it("R6: a NonRetryableError sends the job to the dead letters at once", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    let runs = 0;
    bed.work({
      task: () => {
        runs += 1;
        throw new NonRetryableError("the order does not exist");
      },
    });
    expect(await bed.dies(id)).toMatchObject({
      attempts: 1,
      reason: "not_retryable",
      lastError: "NonRetryableError: the order does not exist",
    });
    expect(runs).toBe(1);
  });

  it.each([
    ["a BigInt", { big: 1n }, "it cannot be written as JSON (a cycle, a BigInt, or nested too deeply)"],
    ["a cycle", hostileCycle(), "it cannot be written as JSON (a cycle, a BigInt, or nested too deeply)"],
    ["10 MB", "x".repeat(10_000_000), "it is 10000002 characters long, the most is 1048576"],
    ["a function", () => 1, "it cannot be written as JSON (undefined, a function or a symbol)"],
    [
      "a getter that throws",
      {
        get x() {
          throw new Error("trapped");
        },
      },
      "it cannot be written as JSON",
    ],
    ["text that not every database can store", "a\u0000b", "it holds a NUL character"],
  ])(
    "a result that cannot be stored fails the run, and the error says what: %s",
    async (_, result, problem) => {
      const bed = await WorkerBed.open();
      const { id } = await bed.queue.enqueue("fragile", { n: 1 });
      bed.work({ fragile: () => result, task: () => "fine" });
      expect((await bed.dies(id)).lastError).toContain(
        `ResultInvalidError: The result of a "fragile" cannot be stored: ${problem}`,
      );
      const next = await bed.queue.enqueue("task", { n: 1 });
      await bed.reaches(next.id, "completed");
    },
  );

  it("the same goes for the result of a step, which is not recorded", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    bed.work({ fragile: (_, context) => context.once("charge", () => 1n) });
    expect((await bed.dies(id)).lastError).toContain(
      'ResultInvalidError: The result of step "charge" of a "fragile" cannot be stored',
    );
    expect(bed.sql((database) => database.prepare("SELECT * FROM processed_jobs").all())).toEqual([]);
  });
});

describe("R4: a stored payload that its schema refuses", () => {
  it("goes to the dead letters at once with its field errors, no handler sees it and no attempt is spent", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 });
    bed.sql((database) => database.prepare(`UPDATE job SET payload = '{"n":"one"}'`).run());
    let runs = 0;
    bed.work({
      task: () => {
        runs += 1;
      },
    });
    const dead = await bed.dies(id);
    expect(dead).toMatchObject({ attempts: 0, reason: "invalid_payload" });
    expect(dead.lastError).toContain("n: ");
    expect(runs).toBe(0);
  });

  it.each([
    ["at once", ""],
    ["also one that would run alone", "INSERT INTO suspect (seq, since) SELECT min(seq), 0 FROM job"],
  ])("is one that is no JSON, which harms no other job: %s", async (_, prepare) => {
    const bed = await WorkerBed.open();
    const damaged = await bed.queue.enqueue("task", { n: 1 });
    const beside = await bed.queue.enqueue("task", { n: 2 });
    bed.sql((database) => database.exec(`UPDATE job SET payload = '{"n":' WHERE seq = 1; ${prepare}`));
    const isolatedEntry = new URL("./isolated-process.ts", import.meta.url);
    bed.work({ task: ({ n }) => n }, { isolatedEntry });
    const dead = await bed.dies(damaged.id);
    expect(dead).toMatchObject({ attempts: 0, reason: "invalid_payload", payload: '{"n":' });
    expect(dead.lastError).toContain("what is stored is no JSON (SyntaxError: ");
    expect((await bed.reaches(beside.id, "completed")).result).toBe(2);
    expect(await bed.job(damaged.id)).toMatchObject({ status: "failed", payload: '{"n":' });
    // An operator can mend it.
    await bed.store.editDeadLetter(dead.id, {
      stored: { payload: '{"n":3}', payloadVersion: 1, keyId: null },
    });
    bed.sql((database) => database.exec("DELETE FROM suspect"));
    await bed.store.revive(dead.id);
    expect((await bed.reaches(damaged.id, "completed")).result).toBe(3);
  });

  it("is one that makes the schema throw, too", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("bad_schema", { n: 1 });
    bed.sql((database) => database.prepare(`UPDATE job SET payload = '{"n":2}'`).run());
    bed.work({ bad_schema: () => 1 });
    const dead = await bed.dies(id);
    expect(dead).toMatchObject({ reason: "invalid_payload" });
    expect(dead.lastError).toContain("or its own code throws on this value");
  });
});

describe("whatever a handler throws", () => {
  const throwing = new Error("never read");
  for (const name of ["message", "name", "stack", "cause"]) {
    Object.defineProperty(throwing, name, {
      get: () => {
        throw new Error(`${name} throws`);
      },
    });
  }
  const trapped = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error("trapped");
      },
    },
  );
  const hostile: readonly (readonly [string, unknown, string])[] = [
    ["null", null, "Thrown"],
    ["undefined", undefined, "Thrown undefined"],
    ["a string", "just text", "Thrown string: just text"],
    ["an error whose accessors throw", throwing, "cannot be read"],
    ["a proxy that traps", trapped, "cannot be read"],
    ["an error of 10 MB", new Error("x".repeat(10_000_000)), "more characters"],
    ["an error with NUL", new Error("a\u0000b"), "Error: a\ufffdb"],
    ["an error whose causes go round", circularCauses(), "Error: round and round"],
    ["a proxy of an error", trappedError(), "cannot be read"],
    ["a promise", Promise.resolve(1), "Thrown object"],
    ["a cyclic object", Object.assign([], { 0: hostileCycle() }), "cannot be read"],
  ];

  it.each(hostile)("fails its job alone: %s", async (_, thrown, text) => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("task", { n: 1 }, { maxAttempts: 2 });
    const beside = await bed.queue.enqueue("other", { n: 1 });
    const worker = bed.work({
      task: () => {
        throw thrown;
      },
      other: () => "fine",
    });
    const dead = await bed.dies(id);
    expect(dead.attempts).toBe(2);
    expect(dead.lastError).toContain(text);
    expect(dead.lastError?.length).toBeLessThan(MAX_ERROR_LENGTH + 100);
    await bed.reaches(beside.id, "completed");
    await until("the worker is idle", () => worker.runningCount === 0);
    expect(JSON.stringify(bed.lines).length).toBeLessThan(1_000_000);
  });

  it.each(hostile)("fails its job alone when an effect throws it: %s", async (_, thrown) => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("fragile", { n: 1 });
    bed.work({
      fragile: (_payload, context) => context.onCommit(() => Promise.reject(thrown)),
      task: () => "fine",
    });
    expect((await bed.dies(id)).attempts).toBe(1);
    const next = await bed.queue.enqueue("task", { n: 1 });
    expect((await bed.reaches(next.id, "completed")).result).toBe("fine");
  });
});

describe("a handler", () => {
  it("that throws while its signal aborts, out of a listener of it, fails its own job alone", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 }, { maxAttempts: 1 });
    const beside = await bed.queue.enqueue("task", { n: 1 });
    bed.work({
      short: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(trappedError()));
        }),
      task: () => "fine",
    });
    expect(await bed.dies(id)).toMatchObject({ attempts: 1 });
    await bed.reaches(beside.id, "completed");
  });

  it("that never settles loses its slot at its timeout, each time, and its worker goes on", async () => {
    const bed = await WorkerBed.open();
    const { id } = await bed.queue.enqueue("short", { n: 1 });
    const worker = bed.work({ short: () => new Promise(() => {}), task: () => "fine" }, { concurrency: 1 });
    expect(await bed.dies(id)).toMatchObject({ attempts: 3, reason: "attempts_exhausted" });
    const next = await bed.queue.enqueue("task", { n: 1 });
    await bed.reaches(next.id, "completed");
    await until("the worker is idle", () => worker.runningCount === 0);
  });
});

function circularCauses(): Error {
  const error = new Error("round and round");
  error.cause = new Error("inner", { cause: error });
  return error;
}

function trappedError(): unknown {
  const trap = (): never => {
    throw new Error("trapped");
  };
  return new Proxy(new Error("never read"), { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap });
}

function hostileCycle(): unknown {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  return cycle;
}
