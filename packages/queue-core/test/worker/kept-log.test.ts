import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { LogTail, teeLog } from "../../src/worker/kept-log.ts";

describe("the end of a log", () => {
  it("is kept whole while it is short", () => {
    const tail = new LogTail(256);
    tail.add("one");
    tail.add("two");
    expect(tail.text).toBe("one\ntwo");
    expect(tail.bytesCut).toBe(0);
  });

  it("loses its oldest lines first, and says how many bytes they had", () => {
    const tail = new LogTail(20);
    for (const line of ["aaaaaaaaa", "bbbbbbbbb", "ccccccccc"]) tail.add(line);
    expect(tail.text).toBe("bbbbbbbbb\nccccccccc");
    expect(tail.bytesCut).toBe(10);
  });

  it("is bounded in bytes, not in characters, also for a single line", () => {
    const tail = new LogTail(256);
    tail.add("é".repeat(1_000));
    expect(Buffer.byteLength(tail.text)).toBeLessThanOrEqual(256);
    expect(tail.text).toMatch(/^é+\uFFFD?$/);
    expect(tail.bytesCut + Buffer.byteLength(tail.text) + 1).toBe(2_001);
  });

  it("holds no more than it may after very many lines", () => {
    const tail = new LogTail(1_000);
    for (let n = 0; n < 50_000; n += 1) tail.add(`line ${n}`);
    expect(tail.text.endsWith("line 49999")).toBe(true);
    expect(Buffer.byteLength(tail.text)).toBeLessThan(1_000);
    const all = Array.from({ length: 50_000 }, (_, n) => `line ${n}\n`).join("");
    expect(tail.bytesCut + Buffer.byteLength(tail.text) + 1).toBe(all.length);
  });

  it("lets go of the text of the lines that it loses, also of few and long ones", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heldBytes = (): number => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const tail = new LogTail(100_000);
    const before = heldBytes();
    for (let n = 0; n < 500; n += 1) tail.add(Buffer.alloc(90_000, 97 + (n % 26)).toString("latin1"));
    expect(heldBytes() - before).toBeLessThan(10_000_000);
    expect(tail.text).toHaveLength(90_000);
  });
});

describe("a log that is kept", () => {
  const open = (options: pino.LoggerOptions) => {
    const written: string[] = [];
    const kept: string[] = [];
    const parent = pino(options, { write: (line) => void written.push(line) });
    const run = parent.child({ workerId: "w", jobId: "j", type: "t", attempt: 1, workflowId: null });
    return { written, kept, log: teeLog(run, (line) => void kept.push(line)) };
  };

  it("goes where its parent writes as well, each line once", () => {
    const { written, kept, log } = open({ timestamp: () => ',"time":1767225600000' });
    log.info({ page: 3 }, "rendered");
    log.child({ part: "b" }).warn("slow");
    expect(written.map((line) => JSON.parse(line).msg)).toEqual(["rendered", "slow"]);
    expect(kept).toEqual([
      '2026-01-01T00:00:00.000Z info rendered {"page":3}',
      '2026-01-01T00:00:00.000Z warn slow {"part":"b"}',
    ]);
  });

  it("keeps what a handler says by the names that each line repeats, and leaves out what is repeated", () => {
    const { kept, log } = open({ timestamp: () => ',"time":1767225600000' });
    log.info({ type: "invoice.pdf", jobId: "other-77", attempt: 1, pid: 4711 }, "made");
    log.warn({ time: "12:30", level: "gold", hostname: "smtp.example.com" }, "took");
    expect(kept).toEqual([
      '2026-01-01T00:00:00.000Z info made {"pid":4711,"jobId":"other-77","type":"invoice.pdf"}',
      '2026-01-01T00:00:00.000Z warn took {"level":"gold","time":"12:30","hostname":"smtp.example.com"}',
    ]);
  });

  it("is kept from info on, also where the parent writes less or nothing", () => {
    for (const options of [{ level: "error" }, { enabled: false }]) {
      const { written, kept, log } = open(options);
      log.debug("not kept");
      log.info("kept");
      expect(kept).toHaveLength(1);
      expect(written).toEqual([]);
    }
  });

  it("is redacted as the parent's lines are", () => {
    const { written, kept, log } = open({ redact: ["card"] });
    log.info({ card: "4111 1111" }, "charged");
    expect([...written, ...kept].join()).not.toContain("4111");
    expect(kept[0]).toContain('{"card":"[Redacted]"}');
  });

  it("reaches the right one of several streams", () => {
    const [all, errors]: [string[], string[]] = [[], []];
    const streams = pino.multistream([
      { level: "info", stream: { write: (line: string) => void all.push(line) } },
      { level: "error", stream: { write: (line: string) => void errors.push(line) } },
    ]);
    const log = teeLog(pino({}, streams), () => undefined);
    log.info("one");
    log.error("two");
    expect([all.length, errors.length]).toEqual([2, 1]);
  });

  it("keeps a message of several lines readable, and one that is no JSON as it is", () => {
    const { kept, log } = open({ base: null, timestamp: false });
    log.info("one\ntwo");
    expect(kept).toEqual([" info one\n  two"]);
  });
});
