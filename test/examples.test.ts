import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const QUICKSTART = fileURLToPath(new URL("../examples/quickstart.ts", import.meta.url));

it("the quickstart retries the failed run without a second mail, and ends by itself", async () => {
  const ended = await promisify(execFile)(process.execPath, ["--conditions=source", QUICKSTART]);
  expect(ended).toEqual({
    stdout: `\
enqueued: pending
attempt 1 of 3 begins
mail sent to ada@example.com
attempt 2 of 3 begins
ada@example.com recorded
attempt 1 failed: Error: the address book is out of reach
attempt 2 completed
ended: completed
`,
    stderr: "",
  });
});
