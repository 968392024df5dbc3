import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/** Set by whoever opens a file through SQLite, and by nothing in Node; octal, as fdinfo(5) shows it on x86-64. */
const O_NOFOLLOW = 0o400000;
/** Where SQLite locks: the shared range of a database, and the byte of a shared memory's "dead man's switch". */
const DATABASE_RANGE = "1073741826 1073742335";
const MEMORY_BYTE = "128 128";

/**
 * Says which of SQLite's locks a process that has a database open has lost, and which of its files it has open past
 * SQLite. A process loses its POSIX locks on a file when it closes any descriptor of that file, however it came by it
 * (fcntl(2)); SQLite takes these two when a connection opens and believes to have them until the last one closes. So a
 * lock that is missing later shows that something else opened and closed the file, at any time since.
 */
export function foreignOpens(pid: number, path: string): string[] {
  const held = readFileSync("/proc/locks", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1] === "POSIX" && fields[4] === String(pid))
    .map((fields) => `${fields[5]?.split(":")[2]} ${fields[6]} ${fields[7]}`);
  const expected = [
    { file: path, lock: `${statSync(path).ino} ${DATABASE_RANGE}` },
    { file: `${path}-shm`, lock: `${statSync(`${path}-shm`).ino} ${MEMORY_BYTE}` },
  ];
  const lost = expected
    .filter(({ lock }) => !held.includes(lock))
    .map(({ file }) => `lost its lock on ${file}`);
  return [...lost, ...openPastSqlite(pid, path)];
}

/** What is still open cannot have dropped a lock yet. */
function openPastSqlite(pid: number, path: string): string[] {
  const files = new Set([path, `${path}-wal`, `${path}-shm`]);
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      if (!files.has(file)) return [];
      const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8");
      const flags = Number.parseInt(/^flags:\s*(\d+)$/m.exec(info)?.[1] ?? "0", 8);
      return flags & O_NOFOLLOW ? [] : [`has ${file} open past SQLite`];
    } catch (error) {
      // Closed since the folder was read: a socket or a file of the moment.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
  });
}
