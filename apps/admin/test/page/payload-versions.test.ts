import { createQueue, defineJob } from "@holdfast/queue-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { openTestPage } from "./open-test-page.ts";

const newer = defineJob("sync_inventory", {
  payload: z.object({ orderId: z.string() }),
  version: 2,
  upcasters: { 1: (older: object) => older },
});

it("R26: the dashboard marks types of which jobs wait for a newer worker", async (context) => {
  const { page, complaints } = await openTestPage(context, ({ queue }) =>
    createQueue({ store: queue.store, jobs: [newer] }).enqueue("sync_inventory", { orderId: "ord-1" }),
  );
  const type = page.locator("#types tbody th");
  await type.getByText("1 of version 2 wait for a newer worker").waitFor();
  expect(await type.innerText()).toContain("sync_inventory");
  expect(complaints).toEqual([]);
});
