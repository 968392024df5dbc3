import { expect, it } from "vitest";
import { writeMetrics } from "../../src/metrics/exposition.ts";

it("writes the text format, with what would break a line escaped", () => {
  const text = writeMetrics([
    {
      name: "a",
      help: "What a is.",
      type: "gauge",
      samples: [{ value: 1.5 }, { labels: { x: 'q"\\\n', y: "2" }, value: 0 }],
    },
    { name: "b", help: "What b is.", type: "histogram", samples: [{ suffix: "_count", value: 3 }] },
    { name: "c", help: "Nothing yet.", type: "counter", samples: [] },
  ]);
  expect(text).toBe(
    [
      "# HELP a What a is.",
      "# TYPE a gauge",
      "a 1.5",
      'a{x="q\\"\\\\\\n",y="2"} 0',
      "# HELP b What b is.",
      "# TYPE b histogram",
      "b_count 3",
      "# HELP c Nothing yet.",
      "# TYPE c counter",
      "",
    ].join("\n"),
  );
});
