import { readFileSync, statfsSync } from "node:fs";
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

/** What the figures are from, in one line. */
export function describeMachine(): string {
  const [cpu] = cpus();
  using stack = new DisposableStack();
  const database = stack.adopt(new Database(":memory:"), (open) => open.close());
  const sqlite = database.prepare<[], string>("SELECT sqlite_version()").pluck().get();
  const { type: magic } = statfsSync(tmpdir());
  const parts = [
    `${cpus().length} cores of ${cpu?.model.trim() ?? "an unknown processor"}`,
    `${Math.round(totalmem() / GIB)} GiB of memory`,
    `${type()} ${release()}`,
    FILE_SYSTEMS.get(magic) ?? `file system 0x${magic.toString(16)}`,
    `Node ${process.versions.node}`,
    `SQLite ${sqlite ?? "unknown"} by better-sqlite3 ${versionOf("better-sqlite3")}`,
  ];
  return `Seen on ${parts.join(", ")}.`;
}

/** The version of one of the benchmark's own dependencies. */
export function versionOf(npmName: string): string {
  const manifest = new URL(`../../node_modules/${npmName}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
}
