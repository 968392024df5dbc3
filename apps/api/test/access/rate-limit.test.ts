import { FakeClock } from "@holdfast/queue-core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { createRateLimit } from "../../src/access/rate-limit.ts";

it("in no span passes more than the burst and what the rate adds", () => {
  const perMinute = 120;
  const burst = 5;
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2_000 }), { minLength: 1, maxLength: 60 }), (pauses) => {
      const clock = new FakeClock();
      const limit = createRateLimit({ perMinute, burst, clock });
      const passed: number[] = [];
      for (const pause of pauses) {
        clock.advance(pause);
        try {
          limit("caller");
          passed.push(clock.monotonic());
        } catch {
          // Refused; what counts is what passed.
        }
      }
      passed.forEach((from, i) =>
        passed.slice(i).forEach((to, j) => {
          expect(j + 1).toBeLessThanOrEqual(burst + ((to - from) * perMinute) / 60_000 + 1e-9);
        }),
      );
    }),
  );
});
