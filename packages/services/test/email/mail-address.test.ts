import { describe, expect, it } from "vitest";
import { parseMailSender } from "../../src/email/mail-address.ts";

describe("a sender", () => {
  it.each([
    ["shop@example.com", { name: "", address: "shop@example.com" }],
    ["Shop <shop@example.com>", { name: "Shop", address: "shop@example.com" }],
    ['"Shop, Inc." <shop@example.com>', { name: "Shop, Inc.", address: "shop@example.com" }],
  ])("%j is understood", (from, expected) => {
    expect(parseMailSender(from)).toEqual(expected);
  });

  it.each(["Shop", "Shop <shop>", "a@example.com, b@example.com", "Shop <a@example.com> <b@example.com>x"])(
    "%j is none",
    (from) => {
      expect(parseMailSender(from)).toBeNull();
    },
  );
});
