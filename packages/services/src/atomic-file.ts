import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file so that readers see the old content or the new, never a part of it, and so that it survives a power
 * cut once this resolves. Missing folders are made. Only the owner may read it and such folders: a file holds
 * customers' data, and its name an order's id.
 * @param path where the file is to be; an existing one is replaced
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // A random name: a worker that lost its lease may still be writing the same file as its successor.
  const draft = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await writeAndSync(draft, content);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function writeAndSync(path: string, content: string | Uint8Array): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  await file.writeFile(content);
  await file.sync();
}

/** Without this a power cut may forget the rename, though not the content. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and orders its metadata itself.
  if (process.platform === "win32") return;
  await using handle = await open(folder, "r");
  await handle.sync();
}
