import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeFileAtomically } from "../src/atomic-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-atomic-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("makes missing folders and leaves nothing but the file", async () => {
  await writeFileAtomically(join(folder, "deep/er/a.txt"), "content");
  expect(await readdir(join(folder, "deep/er"))).toEqual(["a.txt"]);
  expect(await readFile(join(folder, "deep/er/a.txt"), "utf8")).toBe("content");
});

it("replaces an existing file", async () => {
  await writeFile(join(folder, "a.txt"), "old and longer");
  await writeFileAtomically(join(folder, "a.txt"), "new");
  expect(await readFile(join(folder, "a.txt"), "utf8")).toBe("new");
});

it("only the owner may read what it writes, and list the folders it makes", async () => {
  await writeFileAtomically(join(folder, "deep/er/a.txt"), "private");
  const modeOf = async (path: string) => (await stat(join(folder, path))).mode & 0o777;
  expect(await modeOf("deep/er/a.txt")).toBe(0o600);
  expect([await modeOf("deep"), await modeOf("deep/er")]).toEqual([0o700, 0o700]);
});

it("many writers of one file leave one whole content and no drafts", async () => {
  const contents = Array.from({ length: 20 }, (_, n) => String(n).repeat(10_000));
  await Promise.all(contents.map((content) => writeFileAtomically(join(folder, "a.txt"), content)));
  expect(contents).toContain(await readFile(join(folder, "a.txt"), "utf8"));
  expect(await readdir(folder)).toEqual(["a.txt"]);
});

it("a write that fails leaves no draft behind", async () => {
  await writeFileAtomically(join(folder, "taken/inside.txt"), "a folder stands where the file should go");
  await expect(writeFileAtomically(join(folder, "taken"), "content")).rejects.toMatchObject({
    code: "EISDIR",
  });
  expect(await readdir(folder)).toEqual(["taken"]);
});
