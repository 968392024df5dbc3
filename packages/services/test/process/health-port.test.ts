import type { QueueHealth } from "@holdfast/queue-core";
import { pino } from "pino";
import { afterEach, expect, it } from "vitest";
import { type HealthPort, openHealthPort } from "../../src/process/health-port.ts";
import type { HealthSource } from "../../src/process/health-report.ts";

const log = pino({ level: "silent" });
const open: HealthPort[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((port) => port.close()));
});

function queueThat(answers: () => Promise<QueueHealth>): HealthSource {
  return { checkQueueHealth: answers };
}
const healthy = queueThat(() => Promise.resolve({ status: "healthy", issues: [] }));

async function start(queue: HealthSource, port: number | undefined = 0): Promise<HealthPort> {
  const opened = await openHealthPort({ port, queue, log });
  open.push(opened);
  return opened;
}

async function health(queue: HealthSource): Promise<{ status: number; body: unknown }> {
  const { port } = await start(queue);
  const response = await fetch(`http://localhost:${port}/health`);
  return { status: response.status, body: await response.json() };
}

it("R19: a healthy queue is ok", async () => {
  expect(await health(healthy)).toEqual({
    status: 200,
    body: { status: "ok", checks: { database: { status: "up" }, jobQueue: { status: "up" } } },
  });
});

it("R19: a queue with issues is a warning and still answers 200", async () => {
  const issues = ["2000 jobs are pending", "the oldest waits", "11 dead letters"];
  expect(await health(queueThat(() => Promise.resolve({ status: "unhealthy", issues })))).toEqual({
    status: 200,
    body: {
      status: "unhealthy",
      checks: { database: { status: "up" }, jobQueue: { status: "warning", message: issues.join("; ") } },
    },
  });
});

it("R19: a database that cannot be read answers 503, and says no more than that", async () => {
  const answer = await health(queueThat(() => Promise.reject(new Error("SQLITE_CORRUPT at page 7"))));
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ status: "unhealthy", checks: { database: { status: "down" } } });
  expect(JSON.stringify(answer.body)).not.toContain("CORRUPT");
});

it("answers 503 in bounded time when the database does not answer at all", async () => {
  expect((await health(queueThat(() => new Promise(() => {})))).status).toBe(503);
});

it("serves nothing else", async () => {
  const { port } = await start(healthy);
  expect((await fetch(`http://localhost:${port}/`)).status).toBe(404);
  expect((await fetch(`http://localhost:${port}/health`, { method: "POST" })).status).toBe(404);
});

it("a port that is taken is logged and stops nothing; without a port there is none", async () => {
  const { port } = await start(healthy);
  expect((await start(healthy, port ?? 0)).port).toBeNull();
  const none = await openHealthPort({ port: undefined, queue: healthy, log });
  expect(none.port).toBeNull();
  await none.close();
});
