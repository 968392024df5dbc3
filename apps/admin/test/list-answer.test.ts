import { expect, it } from "vitest";
import { listAnswer, wholeListAnswer } from "../src/list-answer.ts";

it("leaves short fields as they are and cuts long ones, each item saying which", async () => {
  const short = { id: "a", payload: { n: 1 }, error: null, at: new Date(0), done: true };
  const long = {
    id: "b",
    payload: { text: "x".repeat(4_097) },
    error: "y".repeat(5_000),
    at: new Date(0),
    done: false,
  };
  expect(await listAnswer({ items: [short, long], nextCursor: "c" }).json()).toEqual({
    items: [
      { ...short, at: "1970-01-01T00:00:00.000Z", cut: [] },
      {
        ...long,
        at: "1970-01-01T00:00:00.000Z",
        payload: null,
        error: "y".repeat(4_096),
        cut: ["payload", "error"],
      },
    ],
    nextCursor: "c",
  });
});

it("a list without pages is the last page", async () => {
  expect(await wholeListAnswer([]).json()).toEqual({ items: [], nextCursor: null });
});
