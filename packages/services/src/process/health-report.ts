import type { FaultLog, QueueHealth } from "@holdfast/queue-core";

/** What is asked for its health: a queue. */
export interface HealthSource {
  checkQueueHealth(): Promise<QueueHealth>;
}

interface HealthReport {
  readonly status: "ok" | "degraded" | "unhealthy";
  readonly checks: {
    readonly database: { readonly status: "up" | "down"; readonly message?: string };
    readonly jobQueue: { readonly status: "up" | "warning"; readonly message?: string };
  };
}

const CHECKING = "checking the database's health";

/** A database that takes longer than this to answer a read is down for whoever asks. */
const ANSWER_MS = 2_000;

/**
 * Asks the queue how it is and answers `GET /health`: 200, also for a deep queue, and 503 only if this process cannot
 * read the database, so that probes don't kill the workers that would empty the queue.
 * @param faults told when it cannot, with the reason, and when it can again: a probe comes every few seconds
 */
export async function answerHealth(queue: HealthSource, faults: FaultLog): Promise<Response> {
  const report = await reportHealth(queue, faults);
  const status = report.checks.database.status === "up" ? 200 : 503;
  return Response.json(report, { status, headers: { "cache-control": "no-store" } });
}

async function reportHealth(queue: HealthSource, faults: FaultLog): Promise<HealthReport> {
  let health: QueueHealth;
  try {
    health = await withinTime(queue.checkQueueHealth());
    faults.works(CHECKING);
  } catch (error) {
    // The reason goes to the log only: this page is open to anyone who can reach the port.
    faults.failed(CHECKING, error);
    const database = { status: "down", message: "The database does not answer" } as const;
    return { status: "unhealthy", checks: { database, jobQueue: { status: "warning", message: "unknown" } } };
  }
  const database = { status: "up" } as const;
  if (health.status === "healthy") return { status: "ok", checks: { database, jobQueue: { status: "up" } } };
  const message = health.issues.join("; ");
  return { status: health.status, checks: { database, jobQueue: { status: "warning", message } } };
}

async function withinTime<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
