import { expect, it } from "vitest";
import { isFullSize, reportFigures } from "../fault-figures.ts";
import { until } from "../system/until.ts";
import { INTACT, takeAccount } from "./account.ts";
import { KillBed } from "./kill-bed.ts";

const WORKERS = 3;
const LEASE_MS = isFullSize ? 1_000 : 500;
const BLOCKING = isFullSize ? 30 : 2;
const WAITING = isFullSize ? 10 : 2;
const TIMEOUT_MS = 300_000;

it(
  "R13: handlers that hold the CPU for three leases, or wait for ten, run once with other workers looking on",
  async () => {
    const bed = await KillBed.open({ leaseMs: LEASE_MS, concurrency: 2 });
    const workers = Array.from({ length: WORKERS }, () => bed.startWorker());
    await Promise.all(workers.map((worker) => worker.logged("worker started")));
    const add = (count: number, ms: number, blocking: boolean) =>
      bed.queue.enqueueMany(
        "takes",
        Array.from({ length: count }, () => ({ ms, blocking })),
      );
    const added = [
      ...(await add(WAITING, 10 * LEASE_MS, false)),
      ...(await add(BLOCKING, 3 * LEASE_MS, true)),
    ].map(({ id }) => id);
    const rescues = () =>
      workers.flatMap(({ lines }) => lines.filter(({ msg }) => msg === "jobs of silent workers handed back"));
    // Where one lease is lost the next run loses its own too: there would be no end.
    await until(async () => rescues().length > 0 || (await bed.isDrained()), "all jobs are done", TIMEOUT_MS);
    expect(rescues()).toEqual([]);
    const account = takeAccount(bed, added);
    expect(account).toMatchObject({
      lost: [],
      finishedTwice: [],
      ranTwice: [],
      charged: [],
      integrity: INTACT,
    });
    reportFigures({
      fault: "handlers that outlast their lease",
      size: `${BLOCKING} that hold the CPU for three leases, ${WAITING} that wait for ten, ${WORKERS} workers`,
      saw: { "leases lost": rescues().length, "run twice": account.ranTwice.length },
    });
  },
  TIMEOUT_MS,
);
