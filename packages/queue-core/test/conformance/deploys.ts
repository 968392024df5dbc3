import { z } from "zod";
import { defineJob } from "../../src/define.ts";
import { createQueue, type Queue } from "../../src/queue.ts";
import type { TestBed } from "./test-bed.ts";
import type { AppTables } from "./test-database.ts";

const retry = { attempts: 1 } as const;

/** Three deploys of one job type: each renames a field or adds one. */
const FIRST = [defineJob("letter", { retry, payload: z.object({ to: z.string() }) })] as const;
const SECOND = [
  defineJob("letter", {
    retry,
    payload: z.object({ address: z.string() }),
    version: 2,
    upcasters: { 1: ({ to }: { to: string }) => ({ address: to }) },
  }),
] as const;
const THIRD = [
  defineJob("letter", {
    retry,
    payload: z.object({ address: z.string(), copies: z.int().positive() }),
    version: 3,
    upcasters: {
      1: ({ to }: { to: string }) => ({ address: to }),
      2: (letter: { address: string }) => ({ ...letter, copies: letter.address === "nobody" ? 0 : 1 }),
    },
  }),
] as const;

export interface Deploys {
  readonly first: Queue<typeof FIRST, AppTables>;
  readonly second: Queue<typeof SECOND, AppTables>;
  readonly third: Queue<typeof THIRD, AppTables>;
}

/** Three processes on one database, each of another deploy. */
export async function openDeploys(bed: TestBed): Promise<Deploys> {
  const { clock } = bed;
  const stores = [await bed.openProcess(), await bed.openProcess(), await bed.openProcess()];
  const [one, two, three] = stores.map(({ store }) => store);
  if (!one || !two || !three) throw new Error("not all processes were opened");
  return {
    first: createQueue({ store: one, jobs: FIRST, clock }),
    second: createQueue({ store: two, jobs: SECOND, clock }),
    third: createQueue({ store: three, jobs: THIRD, clock }),
  };
}
