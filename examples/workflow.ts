// A workflow of four steps, one of which fails for good, is mended and goes on:
// node_modules/.bin/node --conditions=source examples/workflow.ts
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createQueue, createWorker, defineJob, type WorkflowState } from "@holdfast/queue-core";
import { openSqliteStore } from "@holdfast/queue-core/sqlite";
import { z } from "zod";

const payload = z.object({ report: z.string() });
const jobs = [
  defineJob("fetch_sales", { payload }),
  defineJob("draw_chart", { payload, retry: { attempts: 1 } }),
  defineJob("write_text", { payload }),
  defineJob("send_report", { payload }),
] as const;

const folder = await mkdtemp(join(tmpdir(), "holdfast-workflow-"));
const store = await openSqliteStore({ path: join(folder, "jobs.db") });
const queue = createQueue({ store, jobs });

let isPlotterBroken = true;
const worker = createWorker({
  queue,
  pollMs: 20,
  handlers: {
    fetch_sales: () => ({ total: 42 }),
    draw_chart: () => {
      if (isPlotterBroken) throw new Error("the plotter is out of ink");
      return { file: "chart.svg" };
    },
    write_text: async (_, ctx) => {
      const [sales] = await ctx.parents();
      return { text: `sold: ${JSON.stringify(sales?.result)}` };
    },
    send_report: async (_, ctx) => {
      for (const parent of await ctx.parents())
        console.log(`sending what ${parent.step} returned: ${JSON.stringify(parent.result)}`);
    },
  },
});

const report = { report: "november" };
const { workflowId, jobs: steps } = await queue.startWorkflowOf({
  sales: { type: "fetch_sales", payload: report },
  chart: { type: "draw_chart", payload: report, after: "sales" },
  text: { type: "write_text", payload: report, after: "sales" },
  send: { type: "send_report", payload: report, after: ["chart", "text"] },
});
console.log(`${Object.keys(steps).length} steps, the last one is ${steps.send.status}`);

/** Looks until the workflow has ended. */
async function ended(): Promise<WorkflowState> {
  for (;;) {
    const state = await queue.workflow(workflowId);
    if (state && state.status !== "running") return state;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

worker.start();
const failed = await ended();
console.log(`${failed.status}: ${JSON.stringify(failed.byStatus)}`);
isPlotterBroken = false;
const again = await queue.retryWorkflow(workflowId);
console.log(`retried: ${again.status}`);
const done = await ended();
console.log(`${done.status}: ${JSON.stringify(done.byStatus)}`);

await worker.stop();
await store.close();
await rm(folder, { recursive: true });
