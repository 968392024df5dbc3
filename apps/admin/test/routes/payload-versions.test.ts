import { createQueue, defineJob } from "@holdfast/queue-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { openTestAdmin } from "../open-test-admin.ts";

const payload = z.object({ orderId: z.string() });
/** As the next deploy of the shop may define it. */
const newer = defineJob("generate_invoice", {
  payload,
  version: 2,
  upcasters: { 1: ({ orderId }: { orderId: string }) => ({ orderId }) },
  retry: { attempts: 1 },
});

it("says which jobs wait for a newer worker", async () => {
  const { queue, asOperator } = await openTestAdmin();
  await createQueue({ store: queue.store, jobs: [newer] }).enqueue("generate_invoice", { orderId: "ord-1" });
  const stats = await (await asOperator("/admin/queue/stats")).json();
  expect(stats.unread).toMatchObject([{ type: "generate_invoice", payloadVersion: 2, count: 1 }]);
});

it("R6: shows a dead letter of a newer deploy, and changes nothing of its payload", async () => {
  const { queue, asOperator } = await openTestAdmin();
  const later = createQueue({ store: queue.store, jobs: [newer] });
  await later.enqueue("generate_invoice", { orderId: "ord-1" });
  const claimed = await later.dequeue("worker-1");
  if (claimed === null) throw new Error("nothing was claimed");
  await later.failJob(claimed, new Error("no luck"));
  const { items } = await (await asOperator("/admin/dead-letters")).json();
  const path = `/admin/dead-letters/${items[0].id}`;
  const stored = { payloadVersion: 2, payload: { orderId: "ord-1" }, presentPayload: { orderId: "ord-1" } };
  expect(await (await asOperator(path)).json()).toMatchObject(stored);
  const body = { payload: { orderId: "ord-2", userId: "u" } };
  const refused = await asOperator(path, { method: "PATCH", body });
  expect(refused.status).toBe(409);
  expect((await refused.json()).error.code).toBe("PAYLOAD_NEWER");
  expect(await (await asOperator(path)).json()).toMatchObject(stored);
});
