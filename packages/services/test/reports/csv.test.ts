import fc from "fast-check";
import { expect, it } from "vitest";
import { writeCsv } from "../../src/reports/csv.ts";

it("separates, quotes and ends lines as RFC 4180 says", () => {
  expect(
    writeCsv([
      ["a", "b"],
      ['say "hi"', "one,two"],
      ["two\nlines", 5],
    ]),
  ).toBe('a,b\r\n"say ""hi""","one,two"\r\n"two\nlines",5\r\n');
});

it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＠x"])(
  "defuses the formula %j",
  (text) => {
    expect(writeCsv([[text]])).toMatch(/^"?'/);
  },
);

it("leaves negative numbers numbers", () => {
  expect(writeCsv([[-5]])).toBe("-5\r\n");
});

it("whatever the text, a reader gets its cells back and none of them starts a formula", () => {
  const formula = /^[=+\-@\t\r\n＝＋－＠]/;
  const row = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 4 }), (rows) => {
      const read = readCsv(writeCsv(rows));
      expect(read).toEqual(
        rows.map((cells) => cells.map((cell) => (formula.test(cell) ? `'${cell}` : cell))),
      );
    }),
  );
});

/** A reader of RFC 4180, to check the writer against. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = cell.exec(text); match; match = cell.exec(text)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
