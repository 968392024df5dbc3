import { defineJob } from "@holdfast/queue-core/define";
import { z } from "zod";

/** About 100 bytes as JSON. */
const payloadSchema = z.object({
  n: z.int().min(0),
  userId: z.string().min(1).max(64),
  email: z.email(),
  template: z.enum(["welcome", "receipt"]),
});
type BenchPayload = z.infer<typeof payloadSchema>;

export const TYPES = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"] as const;

/** A type of its own for what is paused or limited; only the workers that drain beside it ask for it. */
export const HELD_TYPE = "held";

const define = <Type extends string>(type: Type) => defineJob(type, { payload: payloadSchema });

export const jobs = [
  define("t0"),
  define("t1"),
  define("t2"),
  define("t3"),
  define("t4"),
  define("t5"),
  define("t6"),
  define("t7"),
  define(HELD_TYPE),
] as const;

export function payloadOf(n: number): BenchPayload {
  return {
    n,
    userId: `user-${String(n).padStart(10, "0")}`,
    email: "ada.lovelace@example.com",
    template: "welcome",
  };
}
