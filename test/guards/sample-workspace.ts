// A small workspace of this repository's shape on disk, checked with this repository's own configuration. The guards
// are proven on it and not on the real sources: it is clean by construction, and what is planted in it harms nobody.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { CHECK_STEPS } from "../../scripts/check-steps.ts";
import { MEMBERS, SAMPLE_FILES } from "./sample-files.ts";

const repository = join(import.meta.dirname, "../..");
const tools = join(repository, "node_modules/.bin");

/** What decides how the guards judge, copied byte for byte. */
const CONFIGURATION = [
  ".gitignore",
  ".oxlintrc.json",
  "biome.json",
  "knip.jsonc",
  "tsconfig.base.json",
  "tsconfig.json",
  ...readdirSync(join(repository, "scripts"))
    .filter((name) => name.startsWith("check"))
    .map((name) => `scripts/${name}`),
];

/** How a guard's command ended, and what it printed. */
interface GuardRun {
  readonly status: number | null;
  readonly output: string;
}

/** A sample workspace on disk; disposing of it deletes it. */
export interface SampleWorkspace extends Disposable {
  /** Writes `files` (path → text), runs `use`, and puts the tree back as it was. */
  withFiles<Result>(files: Readonly<Record<string, string>>, use: () => Result): Result;
  /** Runs one guard of the gate as the gate does, with `extra` arguments appended. */
  runGuard(name: string, ...extra: string[]): GuardRun;
  /** Runs the gate itself. */
  runGate(...names: string[]): GuardRun;
}

/** Makes a sample workspace in the system's folder for temporary files. */
export function createSampleWorkspace(): SampleWorkspace {
  const root = mkdtempSync(join(tmpdir(), "holdfast-guards-"));
  const place = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) writeFileSync(place(path), text);
  };
  const run = (program: string, args: readonly string[]): GuardRun => {
    const env = {
      ...process.env,
      PATH: [tools, process.env.PATH].join(delimiter),
      NO_COLOR: "1",
      FORCE_COLOR: undefined,
    };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, env, encoding: "utf8" });
    return { status, output: stdout + stderr };
  };

  for (const path of CONFIGURATION) copyFileSync(join(repository, path), place(path));
  write(SAMPLE_FILES);
  symlinkSync(join(repository, "node_modules"), place("node_modules"));
  for (const [folder, member] of Object.entries(MEMBERS)) {
    for (const name of Object.keys({ ...member.dependencies, ...member.devDependencies })) {
      const sibling = Object.keys(MEMBERS).find((candidate) => MEMBERS[candidate]?.name === name);
      const target = sibling ? join(root, sibling) : join(repository, folder, "node_modules", name);
      symlinkSync(target, place(`${folder}/node_modules/${name}`));
    }
  }

  return {
    withFiles(files, use) {
      write(files);
      try {
        return use();
      } finally {
        for (const path of Object.keys(files)) rmSync(join(root, path));
        write(SAMPLE_FILES);
      }
    },
    runGuard(name, ...extra) {
      const step = CHECK_STEPS.find((candidate) => candidate.name === name);
      if (step === undefined) throw new Error(`the gate has no guard named ${name}`);
      const [program, ...args] = step.command;
      return run(program, [...args, ...extra]);
    },
    runGate: (...names) => run("node", ["scripts/check.ts", ...names]),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}
