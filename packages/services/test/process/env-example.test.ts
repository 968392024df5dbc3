import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, it } from "vitest";
import { writeEnvExample } from "../../src/process/env-example.ts";
import { readEnvironment } from "../../src/process/environment.ts";
import { VARIABLE_GROUPS } from "../../src/process/variables.ts";
import { findWorkspaceRoot } from "../../src/process/workspace-root.ts";

const everyVariable = Object.assign({}, ...VARIABLE_GROUPS.map(({ variables }) => variables));

it(".env.example is what the schemas say (write it anew with `pnpm env:example`)", () => {
  const file = join(findWorkspaceRoot() ?? "", ".env.example");
  expect(readFileSync(file, "utf8")).toBe(writeEnvExample());
});

it("a copy of .env.example changes nothing", () => {
  const copied = { variables: parseEnv(writeEnvExample()), file: null };
  expect(readEnvironment(everyVariable, copied)).toEqual(
    readEnvironment(everyVariable, { variables: {}, file: null }),
  );
});
