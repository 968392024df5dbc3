import { createKeyring, createQueue, defineJob, type JobStore, type Queue } from "@holdfast/queue-core";
import { z } from "zod";

/** What an encrypted payload holds in these tests. */
export const IBAN = "DE02120300000000202051";

const jobs = [
  defineJob("pay_out", {
    payload: z.object({ iban: z.string() }),
    retry: { attempts: 1 },
    encrypted: true,
    keepLog: true,
  }),
] as const;

/** A queue with one encrypted job type. */
export function payoutQueue<Tables>(store: JobStore<Tables>): Queue<typeof jobs, Tables> {
  const keyring = createKeyring([{ id: "2026-11", secret: Buffer.alloc(32, 3) }]);
  return createQueue({ store, jobs, keyring });
}
