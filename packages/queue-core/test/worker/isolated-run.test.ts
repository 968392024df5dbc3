import { expect, it, onTestFinished } from "vitest";
import { WorkerBed } from "./worker-bed.ts";

it("R17: a suspect whose type may run for as long as a timer can wait has that time alone, too", async () => {
  const bed = await WorkerBed.open();
  const { id } = await bed.queue.enqueue("patient", { n: 1 });
  bed.sql((database) => database.exec("INSERT INTO suspect (seq, since) SELECT seq, 0 FROM job"));
  process.env.ISOLATED_DATABASE = bed.path;
  onTestFinished(() => void delete process.env.ISOLATED_DATABASE);
  const isolatedEntry = new URL("./isolated-process.ts", import.meta.url);
  bed.work({ patient: () => "not here" }, { isolatedEntry });
  expect(await bed.reaches(id, "completed")).toMatchObject({ attempts: 1, result: "ran alone" });
});
