import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/simulation/seeded-random.ts";
import { SimulatedFailureError } from "../../src/simulation/simulated-failure-error.ts";
import { simulateCall } from "../../src/simulation/simulated-service.ts";

const never = new AbortController().signal;

async function failures(calls: number, failureRate: number, seed: number): Promise<boolean[]> {
  const simulation = { service: "test", delayMs: 0, failureRate, random: seededRandom(seed) };
  const failed: boolean[] = [];
  for (let call = 0; call < calls; call++) {
    failed.push(
      await simulateCall(simulation, never).then(
        () => false,
        () => true,
      ),
    );
  }
  return failed;
}

describe("R24: a simulated service", () => {
  it("fails at the rate it is given", async () => {
    const failed = await failures(400, 0.25, 3);
    expect(failed.filter(Boolean).length).toBeGreaterThan(70);
    expect(failed.filter(Boolean).length).toBeLessThan(130);
  });

  it("fails on the same calls again under the same seed", async () => {
    expect(await failures(50, 0.5, 11)).toEqual(await failures(50, 0.5, 11));
  });

  it("never fails at rate 0 and always at rate 1", async () => {
    expect(await failures(20, 0, 1)).not.toContain(true);
    expect(await failures(20, 1, 1)).not.toContain(false);
  });

  it("names the service in its failure", async () => {
    const simulation = { service: "e-mail", delayMs: 0, failureRate: 1, random: () => 0 };
    const failure = await simulateCall(simulation, never).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SimulatedFailureError);
    expect(failure).toMatchObject({ code: "SIMULATED_FAILURE", message: expect.stringContaining("e-mail") });
  });

  it("stops waiting when its signal aborts", async () => {
    const simulation = { service: "e-mail", delayMs: 2 ** 30, failureRate: 0, random: () => 0 };
    const stop = new AbortController();
    const call = simulateCall(simulation, stop.signal);
    stop.abort();
    await expect(call).rejects.toThrow("aborted");
  });
});
