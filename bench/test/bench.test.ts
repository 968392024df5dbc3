import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const CLI = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

/** The sources in place of the build: what is looked at is the output's shape, and no figure. */
function bench(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["--conditions=source", CLI, ...args], { encoding: "utf8" });
}

describe("pnpm bench", { timeout: 120_000 }, () => {
  it("prints one well-formed object per bar, after it has checked what makes a figure count", () => {
    const { status, stdout, stderr } = bench("--tiny", "--only", "P1,P3", "--json");
    expect(status, stderr).toBe(0);
    const results = JSON.parse(stdout) as Record<string, unknown>[];
    expect(results.map(({ id }) => id)).toEqual(["P1", "P3"]);
    for (const result of results) {
      expect(result).toMatchObject({ unit: "jobs/s", value: expect.any(Number), ratio: expect.any(Number) });
      expect(result).toMatchObject({ bar: expect.any(Number), ok: expect.any(Boolean) });
      const runs = Object.values(result.runs as Record<string, number[]>);
      expect(runs.length).toBeGreaterThan(1);
      for (const figures of runs) expect(Math.min(...figures)).toBeGreaterThan(0);
    }
    for (const guarantee of ["validation", "fencing", "history", "heartbeat"])
      expect(stderr).toContain(`checked  ${guarantee}`);
  });

  it("refuses a bar that there is not, naming those there are", () => {
    const { status, stdout, stderr } = bench("--only", "P3,P99");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/no bar P99.*P1, P2/);
  });

  it("refuses an option that there is not", () => {
    const { status, stderr } = bench("--fast");
    expect(status).toBe(2);
    expect(stderr).toContain("--fast");
  });
});
