import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { baseFolder, findWorkspaceRoot } from "../../src/process/workspace-root.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-root-"));
  mkdirSync(join(folder, "apps/api"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

it("finds the workspace's root from any folder inside", () => {
  writeFileSync(join(folder, "pnpm-workspace.yaml"), "");
  expect(findWorkspaceRoot(join(folder, "apps/api"))).toBe(folder);
  expect(findWorkspaceRoot(folder)).toBe(folder);
});

it("finds none outside a workspace", () => {
  expect(findWorkspaceRoot(join(folder, "apps/api"))).toBeNull();
});

it("starts relative paths at this workspace's root, whatever the working directory", () => {
  expect(existsSync(join(baseFolder(), "pnpm-workspace.yaml"))).toBe(true);
});
