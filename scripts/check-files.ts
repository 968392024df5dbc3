import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text file of the repository: its path from the root, with `/` between folders, and its text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** One broken rule at one place. `line` starts at 1. */
export interface Fault {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** What .gitignore names, and git's own folder: never part of a checkout's sources. */
const IGNORED_NAMES = new Set([".git", "node_modules", "dist", "data", ".turbo", ".env", "coverage"]);

/**
 * Lists every file below `root` that belongs to the repository, as sorted paths from the root. It reads folders
 * rather than asking git, so that a source archive and a machine without git are checked the same way.
 */
export function listPaths(root: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !IGNORED_NAMES.has(entry.name) && !entry.name.endsWith(".tsbuildinfo"))
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? listPaths(root, path) : entry.isFile() ? [path] : [];
    })
    .sort();
}

/** Reads the files below `root` whose path passes `wanted`; files with a NUL byte (images, fonts) are left out. */
export function readTextFiles(root: string, wanted: (path: string) => boolean = () => true): TextFile[] {
  return listPaths(root)
    .filter(wanted)
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
    .filter(({ text }) => !text.includes("\0"));
}

/** True for TypeScript and JavaScript sources. */
export function isCode(path: string): boolean {
  return /\.(?:[cm]?[jt]s|[jt]sx)$/.test(path);
}

/** The line (from 1) on which the character at `offset` stands. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Prints one line per fault, and makes the process exit with 1 if there is any. */
export function reportFaults(subject: string, checkedFiles: number, faults: readonly Fault[]): void {
  for (const { path, line, rule, message } of faults) console.log(`${path}:${line} ${rule}: ${message}`);
  console.log(`${subject}: ${checkedFiles} files, ${faults.length} faults`);
  // A run that saw no file proves nothing: a wrong working directory must not read as a pass.
  if (faults.length > 0 || checkedFiles === 0) process.exitCode = 1;
}
