import { expect, it } from "vitest";
import { type BarResult, type Bench, toResult } from "../src/bar.ts";
import { type Measures, measureAll } from "../src/measure-all.ts";
import { PeerHost } from "../src/peers/peer-host.ts";
import { killPrograms } from "../src/run-program.ts";
import { within } from "../src/statistics.ts";

const result = (id: BarResult["id"]): BarResult =>
  toResult({ id, title: "bar", runs: {}, parts: [within("a", 1, "MB", 2)] });

function measuresWith(changes: Partial<Measures>): Measures {
  const never = (): never => {
    throw new Error("was not asked for");
  };
  const none = { P1: never, P2: never, P3: never, P4: never, P5: never, P6: never, P7: never };
  return { ...none, P8: never, P9: never, P10: never, ...changes };
}

function benchWith(said: string[]): Bench {
  const [say, folder] = [(line: string) => void said.push(line), () => ""];
  return { size: "tiny", say, folder, peers: new PeerHost({ say, folder }) };
}

it("a bar that breaks is named with its error, and the others keep their figures", async () => {
  const said: string[] = [];
  const measures = measuresWith({
    P1: async () => result("P1"),
    P2: () => Promise.reject(new Error("Redis went away")),
    P3: async () => result("P3"),
  });
  const { results, broken } = await measureAll(benchWith(said), ["P1", "P2", "P3"], measures);
  expect(results.map(({ id }) => id)).toEqual(["P1", "P3"]);
  expect(broken).toEqual(["P2"]);
  expect(said.find((line) => line.startsWith("P2 BROKE"))).toContain("Redis went away");
});

it("no bar is begun once the benchmark is over, and none is said to have broken", async () => {
  const said: string[] = [];
  const kill = async (): Promise<never> => {
    await killPrograms();
    throw new Error("its process was killed");
  };
  const measured = measureAll(benchWith(said), ["P1", "P2"], measuresWith({ P1: kill }));
  await expect(measured).rejects.toThrow("its process was killed");
  expect(said).toEqual(["P1 …"]);
});
