import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

export const ROOT = join(import.meta.dirname, "../..");

/** The part of a service in docker-compose.yml that the tests look at, with `<<` resolved. */
interface ComposeService {
  readonly build: string;
  readonly image?: string;
  readonly container_name?: string;
  readonly command: readonly string[];
  readonly init: boolean;
  readonly restart: string;
  readonly stop_grace_period: string;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly healthcheck: { readonly test: readonly string[]; readonly interval: string };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

export function readComposeFile(): ComposeFile {
  // The shape is what the tests are about: a key that is missing or of another kind fails the test that reads it.
  return parse(readText("docker-compose.yml"), { merge: true }) as ComposeFile;
}

/** An instruction of a Dockerfile with the lines it is continued on. */
interface Instruction {
  readonly keyword: string;
  readonly rest: string;
}

export function readDockerfile(): readonly Instruction[] {
  const text = readText("Dockerfile")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ keyword: line.split(" ", 1)[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));
}
