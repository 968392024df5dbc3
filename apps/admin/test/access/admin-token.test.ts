import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { AdminTokenUnreadableError, keepAdminToken } from "../../src/access/admin-token.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-token-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("makes a token of 32 random bytes once, for the owner only", async () => {
  const data = join(folder, "data");
  const token = await keepAdminToken(data);
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  expect(statSync(join(data, "admin-token")).mode & 0o777).toBe(0o600);
  expect(await keepAdminToken(data)).toBe(token);
  expect(await keepAdminToken(join(folder, "other"))).not.toBe(token);
});

it("gives twenty starters one token and leaves nothing else behind", async () => {
  const tokens = await Promise.all(Array.from({ length: 20 }, () => keepAdminToken(folder)));
  expect(new Set(tokens).size).toBe(1);
  expect(readdirSync(folder)).toEqual(["admin-token"]);
});

it("closes a file that others could read", async () => {
  await keepAdminToken(folder);
  chmodSync(join(folder, "admin-token"), 0o644);
  await keepAdminToken(folder);
  expect(statSync(join(folder, "admin-token")).mode & 0o777).toBe(0o600);
});

it("refuses a file that holds no token, rather than leave the door open", async () => {
  writeFileSync(join(folder, "admin-token"), "\n");
  await expect(keepAdminToken(folder)).rejects.toThrow(AdminTokenUnreadableError);
});

it("follows no link: what it leads to is somebody else's", async () => {
  const others = join(folder, "others-file");
  writeFileSync(others, "a-text-that-could-be-a-token", { mode: 0o644 });
  symlinkSync(others, join(folder, "admin-token"));
  await expect(keepAdminToken(folder)).rejects.toThrow(AdminTokenUnreadableError);
  expect(statSync(others).mode & 0o777).toBe(0o644);
});
