import { statfsSync } from "node:fs";
import { cpus, release, tmpdir, totalmem, type } from "node:os";
import Database from "better-sqlite3";

/** Names by the magic numbers of statfs(2). */
const FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0xef53, "ext4"],
  [0x0102_1994, "tmpfs"],
  [0x5846_5342, "xfs"],
  [0x9123_683e, "btrfs"],
  [0x794c_7630, "overlayfs"],
  [0x2fc1_2fc1, "zfs"],
]);
const GIB = 1024 ** 3;

/** The machine that tests run on, in one line. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const database = new Database(":memory:");
  const sqlite = database.prepare<[], string>("SELECT sqlite_version()").pluck().get();
  database.close();
  const { type: magic } = statfsSync(tmpdir());
  const fileSystem = FILE_SYSTEMS.get(magic) ?? `file system 0x${magic.toString(16)}`;
  const parts = [
    `${cpus().length} cores of ${cpu?.model.trim() ?? "an unknown processor"}`,
    `${Math.round(totalmem() / GIB)} GiB of memory`,
    `${type()} ${release()}`,
    `Node ${process.versions.node}`,
    `SQLite ${sqlite ?? "unknown"}`,
    fileSystem,
  ];
  return `Seen on ${parts.join(", ")}.`;
}
