import { describe, expect, it } from "vitest";
import { HELP, OptionUnknownError, readOptions } from "../src/options.ts";

describe("the options of the benchmark", () => {
  it("are all bars at full size where none is given", () => {
    const { only, size, json, write, help } = readOptions([]);
    expect(only).toEqual(["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10"]);
    expect({ size, json, write, help }).toEqual({ size: "full", json: false, write: false, help: false });
  });

  it("name bars in any case and order; they are measured in theirs", () => {
    expect(readOptions(["--only", "p10, P3,p3", "--quick"])).toMatchObject({
      only: ["P3", "P10"],
      size: "quick",
    });
  });

  it.each(["", "P0", "P3,P11", "P"])("refuse the bar of --only %j and name those there are", (only) => {
    const read = (): unknown => readOptions(["--only", only]);
    expect(read).toThrow(OptionUnknownError);
    expect(read).toThrow(/no bar .*P1, P2.*P10/);
  });

  it.each([["--fast"], ["P3"], ["--only"]])("refuse %s and print the help", (...args) => {
    expect(() => readOptions(args)).toThrow(HELP);
  });

  it.each(["--only", "--quick", "--json", "--write", "--help"])("explain %s", (option) => {
    expect(HELP).toContain(option);
  });
});
