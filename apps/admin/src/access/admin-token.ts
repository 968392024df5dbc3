import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of randomness in a token, base64url in the file: as many as in a 256-bit key. */
const TOKEN_BYTES = 32;

/** The file with the admin token cannot be used. */
export class AdminTokenUnreadableError extends Error {
  readonly code = "ADMIN_TOKEN_UNREADABLE";
  constructor(path: string, options?: ErrorOptions) {
    super(`The admin token in ${path} cannot be used: delete the file, or set ADMIN_TOKEN`, options);
    this.name = "AdminTokenUnreadableError";
  }
}

/**
 * The admin token of a development machine: made at the first start and kept in `<folder>/admin-token` (mode 0600).
 * Two processes that start together get the same token.
 * @param folder DATA_DIR, an absolute path; made if it is not there
 * @throws {AdminTokenUnreadableError}
 */
export async function keepAdminToken(folder: string): Promise<string> {
  const path = join(folder, "admin-token");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await createOnce(path, randomBytes(TOKEN_BYTES).toString("base64url"));
  let token: string;
  try {
    token = await readPrivately(path);
  } catch (cause) {
    throw new AdminTokenUnreadableError(path, { cause });
  }
  if (!/^[\w-]{16,}$/.test(token)) throw new AdminTokenUnreadableError(path);
  return token;
}

/** Follows no link, which would lead to somebody else's file and change its mode, and waits for no pipe. */
async function readPrivately(path: string): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  await file.chmod(0o600);
  return (await file.readFile("utf8")).trim();
}

/** `link` refuses a name that is taken, so one of two starters wins, and no reader ever sees half a token. */
async function createOnce(path: string, token: string): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await writeFile(draft, `${token}\n`, { mode: 0o600, flag: "wx" });
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
