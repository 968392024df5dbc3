/** One guard of the gate: a command, run in the repository's root, that exits with 0 only if its rule holds. */
export interface CheckStep {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** The gate, cheapest first. `test/guards/planted.test.ts` plants violations and runs these very commands on them. */
export const CHECK_STEPS: readonly CheckStep[] = [
  { name: "format", command: ["biome", "check", "--max-diagnostics=none"] },
  { name: "workspace", command: ["sherif", "--fail-on-warnings"] },
  { name: "imports", command: ["node", "scripts/check-imports.ts"] },
  { name: "clock", command: ["node", "scripts/check-clock.ts"] },
  { name: "lint", command: ["oxlint"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "unused", command: ["knip", "--no-progress"] },
];
