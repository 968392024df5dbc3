// What the tidy test asks of each file by its path and text alone. The rules that need a syntax tree are in
// tidy-code-rules.ts; what the linter can say (default exports, focused tests) is said there and not again here.
import { type Fault, isCode, type TextFile } from "../../scripts/check-files.ts";

/** A rule of the tidy test: a pure function from a file to the places where it breaks the rule. */
export interface TidyRule {
  readonly name: string;
  readonly faultsOf: (file: TextFile) => Fault[];
}

interface Finding {
  readonly line?: number;
  readonly message: string;
}

/** Makes a rule that looks only at the files whose path passes `applies`. */
export function tidyRule(
  name: string,
  applies: (path: string) => boolean,
  find: (file: TextFile) => readonly Finding[],
): TidyRule {
  const toFault = (path: string, { line = 1, message }: Finding): Fault => ({
    rule: name,
    path,
    line,
    message,
  });
  return {
    name,
    faultsOf: (file) => (applies(file.path) ? find(file).map((finding) => toFault(file.path, finding)) : []),
  };
}

/** Makes a rule that no line may match `pattern`. */
function bannedLine(
  name: string,
  applies: (path: string) => boolean,
  pattern: RegExp,
  message: string,
): TidyRule {
  return tidyRule(name, applies, ({ text }) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [{ line: index + 1, message }] : [])),
  );
}

const anywhere = (): boolean => true;
const isLockfile = (path: string): boolean => path === "pnpm-lock.yaml";
const isShipped = (path: string): boolean => /^(?:packages|apps)\/[^/]+\/src\//.test(path);
const isDecision = (path: string): boolean => path.startsWith("docs/decisions/");
const isOwnText = (path: string): boolean => isCode(path) || path.endsWith(".sql");

/** A screen shows about 50 lines; past eight of them nobody holds a file in the head. */
const MAX_LINES = 400;
/** The formatter breaks code at 110; 120 leaves room for a string or a pattern that it can't break. */
const MAX_LINE_LENGTH = 120;

const size = tidyRule("size", isShipped, ({ text }) => {
  const lines = text.split("\n");
  const argued = lines.slice(0, 5).some((line) => /^(?:\/\/|--|\/?\*+) Size: \S/.test(line.trim()));
  const message = `${lines.length} lines: split it, or say why not in a first-lines comment "Size: …"`;
  return lines.length > MAX_LINES && !argued ? [{ message }] : [];
});

/** Names that say nothing about what is inside, so everything ends up inside. */
const VAGUE_WORD = /^(?:utils?|helpers?|common|managers?|misc)$/i;

const fileName = tidyRule("file-name", anywhere, ({ path }) => {
  const vague = path.split(/[/.-]/).find((word) => VAGUE_WORD.test(word));
  return vague === undefined ? [] : [{ message: `"${vague}" says nothing about what is inside` }];
});

/** An `index.ts` may only be one of `entries`, the paths that packages export: elsewhere its name hides its content. */
export function indexRule(entries: ReadonlySet<string>): TidyRule {
  const isIndex = (path: string): boolean => /(?:^|\/)index\.[cm]?[jt]sx?$/.test(path);
  return tidyRule("index", isIndex, ({ path }) =>
    entries.has(path)
      ? []
      : [{ message: "index.ts is for a package's entry; name the file after its content" }],
  );
}

/** A TypeScript file outside `folders` (the patterns of tsconfig.json's `include`) is never type-checked. */
export function typeCheckedRule(folders: readonly string[]): TidyRule {
  const covered = folders.map((folder) => new RegExp(`^${folder.replaceAll("*", "[^/]+")}(?:/|$)`));
  const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/.test(path);
  return tidyRule("type-checked", isTypeScript, ({ path }) =>
    covered.some((pattern) => pattern.test(path))
      ? []
      : [{ message: "no folder in tsconfig.json includes it" }],
  );
}

// Written in halves, or these rules would find themselves.
const MARKERS = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].join("|");

const marker = bannedLine(
  "marker",
  (path) => !isLockfile(path),
  new RegExp(`\\b(?:${MARKERS})\\b`),
  "do it now or write down why not; a marker is neither",
);

const machinePath = bannedLine(
  "machine-path",
  anywhere,
  /(?<![\w.$})-])\/(?:(?:work|root)\/|tmp\/[\w.-])/,
  "a path of one machine; nothing is there on another",
);

const registryAddress = bannedLine(
  "registry-address",
  (path) => !isLockfile(path),
  /\bregistry\.(?:npmjs\.org|yarnpkg\.com|npmmirror\.com)|\bnpm\.(?:jsr\.io|pkg\.github\.com)/,
  "which registry serves a package is the installing machine's business",
);

const lockfile = bannedLine(
  "lockfile",
  isLockfile,
  /^(?!\s*deprecated:).*(?:\btarball:|\bhttps?:\/\/)/,
  "a lockfile with addresses installs only where they can be reached",
);

const lineLength = bannedLine(
  "line-length",
  isOwnText,
  new RegExp(`^.{${MAX_LINE_LENGTH + 1}}`, "u"),
  `longer than ${MAX_LINE_LENGTH} characters`,
);

const DEPENDENCY_FIELDS = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

const dependencyVersion = tidyRule(
  "dependency-version",
  (path) => /(?:^|\/)package\.json$/.test(path),
  ({ text }) => {
    const manifest: Record<string, Record<string, string> | undefined> = JSON.parse(text);
    return DEPENDENCY_FIELDS.flatMap((field) => Object.entries(manifest[field] ?? {}))
      .filter(([, version]) => version !== "catalog:" && version !== "workspace:*")
      .map(([name, version]) => ({
        message: `${name} is "${version}": versions stand in the catalog alone`,
      }));
  },
);

const decisionName = tidyRule("decision-name", isDecision, ({ path }) =>
  /^docs\/decisions\/\d{4}-[a-z0-9]+(?:-[a-z0-9]+)*\.md$/.test(path)
    ? []
    : [{ message: "a decision record is named NNNN-title.md" }],
);

const SECTIONS = ["Context", "Decision", "Consequence", "What would reverse it"];

const decisionSections = tidyRule("decision-sections", isDecision, ({ text }) => {
  const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  const missing = SECTIONS.filter((section) => !headings.includes(section));
  return missing.length === 0
    ? []
    : [{ message: `no section ${missing.map((name) => `"${name}"`).join(", ")}` }];
});

/** The rules that need nothing but the file. */
export const TEXT_RULES: readonly TidyRule[] = [
  size,
  fileName,
  marker,
  machinePath,
  registryAddress,
  lockfile,
  lineLength,
  dependencyVersion,
  decisionName,
  decisionSections,
];
