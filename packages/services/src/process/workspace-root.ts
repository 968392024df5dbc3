import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where relative paths start in a container image, which has no workspace around it. */
const IMAGE_DATA_FOLDER = "/data";

/**
 * Finds the folder that holds `pnpm-workspace.yaml`, looking upwards.
 * @param from an absolute folder to start at; where this file lies by default
 * @returns null outside a workspace, as in a container image
 */
export function findWorkspaceRoot(from: string = import.meta.dirname): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "pnpm-workspace.yaml"))) return folder;
    if (folder === dirname(folder)) return null;
  }
}

/**
 * The folder against which relative paths in the environment resolve: the workspace's root, or `/data` in an image.
 * Never the working directory, which differs from app to app.
 */
export function baseFolder(): string {
  return findWorkspaceRoot() ?? IMAGE_DATA_FOLDER;
}
