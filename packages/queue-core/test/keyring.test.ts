import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createKeyring, parseKeyring } from "../src/keyring.ts";

const first = { id: "2026-11", secret: randomBytes(32).toString("base64") };
const second = { id: "2026-05", secret: randomBytes(32) };
const ABOUT = ["payload", "mail", "1"];

describe("a keyring", () => {
  it("opens what it sealed, whatever it was", () => {
    const keyring = createKeyring([first]);
    for (const text of ["", "{}", "Grüße, 世界 🎉", "x".repeat(1_000_000)])
      expect(keyring.open(keyring.seal(text, ABOUT), ABOUT)).toBe(text);
  });

  it("seals the same text differently each time, under the first key", () => {
    const keyring = createKeyring([first, second]);
    const sealed = new Set(Array.from({ length: 100 }, () => keyring.seal("same", ABOUT)));
    expect(sealed.size).toBe(100);
    for (const text of sealed) expect(text.split(".")[0]).toBe("2026-11");
    const nonces = [...sealed].map((text) => Buffer.from(text.split(".")[1] ?? "", "base64url"));
    expect(new Set(nonces.map(({ length }) => length))).toEqual(new Set([12]));
  });

  it("opens what an older key sealed, and names a key that it lacks", () => {
    const older = createKeyring([second]).seal("old", ABOUT);
    expect(createKeyring([first, second]).open(older, ABOUT)).toBe("old");
    const open = () => createKeyring([first]).open(older, ABOUT);
    expect(open).toThrow(expect.objectContaining({ code: "ENCRYPTION_KEY_MISSING" }));
    expect(open).toThrow(/no key "2026-05" here, only 2026-11/);
  });

  it("opens nothing that was changed in any character", () => {
    const keyring = createKeyring([first]);
    const sealed = keyring.seal("a secret", ABOUT);
    for (let at = first.id.length + 1; at < sealed.length; at++) {
      if (sealed[at] === ".") continue;
      // The last character of base64 holds bits that mean nothing: those that are decoded all count.
      const other = sealed[at] === "A" ? "Q" : "A";
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      const bytes = (text: string) =>
        text.split(".").map((part) => Buffer.from(part, "base64url").toString("hex"));
      if (bytes(changed).join() === bytes(sealed).join()) continue;
      expect(() => keyring.open(changed, ABOUT), changed).toThrow(
        expect.objectContaining({ code: "SEAL_BROKEN" }),
      );
    }
  });

  it.each([
    "2026-11",
    "2026-11.",
    "2026-11..",
    "2026-11.AAAAAAAAAAAAAAAA.AAAA",
    `2026-11.${"A".repeat(16)}.${"A".repeat(22)}`,
  ])("opens no %j", (sealed) => {
    const open = () => createKeyring([first]).open(sealed, ABOUT);
    expect(open).toThrow(expect.objectContaining({ code: "SEAL_BROKEN" }));
  });

  it("opens it as nothing else, nor under another key of the same id", () => {
    const sealed = createKeyring([first]).seal("a secret", ABOUT);
    for (const about of [["payload", "mail", "2"], ["payload", "other", "1"], ["payload", 'mail","1'], []])
      expect(() => createKeyring([first]).open(sealed, about)).toThrow(/cannot be decrypted/);
    const imposter = createKeyring([{ id: first.id, secret: randomBytes(32) }]);
    expect(() => imposter.open(sealed, ABOUT)).toThrow(expect.objectContaining({ code: "SEAL_BROKEN" }));
  });

  it("takes a short tag for none", () => {
    const keyring = createKeyring([first]);
    const [id, nonce, data = ""] = keyring.seal("", ABOUT).split(".");
    const short = Buffer.from(data, "base64url").subarray(0, 4).toString("base64url");
    expect(() => keyring.open(`${id}.${nonce}.${short}`, ABOUT)).toThrow(/cannot be decrypted/);
  });
});

describe("keys that cannot be used", () => {
  const secret = randomBytes(32).toString("base64");
  it.each([
    ["none", "", /written as id:base64/],
    ["one without an id", secret, /Key 1 must be written as id:base64/],
    ["an id with a dot", `a.b:${secret}`, /id of key 1/],
    ["a long id", `${"a".repeat(33)}:${secret}`, /id of key 1/],
    ["two of one id", `a:${secret},a:${secret}`, /Two keys have the id "a"/],
    [
      "a short one",
      `a:${randomBytes(16).toString("base64")}`,
      /Key "a" must be 32 bytes in base64, got 16 bytes/,
    ],
    [
      "a second that is no base64",
      `a:${secret},b:not base64!`,
      /Key "b" must be 32 bytes in base64, got no base64/,
    ],
    ["too many parts", `a:${secret}:x`, /Key 1 must be written/],
  ])("are refused: %s", (_, text, message) => {
    expect(() => parseKeyring(text)).toThrow(message);
    expect(() => parseKeyring(text)).toThrow(expect.objectContaining({ code: "ENCRYPTION_KEY_INVALID" }));
    expect(() => parseKeyring(text)).not.toThrow(secret);
  });

  it("and a list of keys is not empty", () => {
    expect(() => createKeyring([])).toThrow(/at least one key/);
  });

  it("others are taken with spaces about them, the first to encrypt", () => {
    const keyring = parseKeyring(`new:${secret}, old:${randomBytes(32).toString("base64url")}`);
    expect([keyring.currentId, keyring.ids]).toEqual(["new", ["new", "old"]]);
  });
});
