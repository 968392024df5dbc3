import { describe, expect, it } from "vitest";
import { batchRules } from "./batches.ts";
import { cancelRules } from "./cancel.ts";
import { claimRules } from "./claim.ts";
import { crashRules } from "./crashes.ts";
import { cronDeclarationRules } from "./cron-declarations.ts";
import { cronEditRules } from "./cron-edits.ts";
import { cronOverlapRules } from "./cron-overlap.ts";
import { cronSlotRules } from "./cron-slots.ts";
import { deadLetterRules } from "./dead-letters.ts";
import { delayedRules } from "./delayed.ts";
import { dependencyRules } from "./dependencies.ts";
import { discardRules } from "./discarded.ts";
import { encryptionRules } from "./encryption.ts";
import { enqueueRules } from "./enqueue.ts";
import { eventRules } from "./events.ts";
import { expiryRules } from "./expiry.ts";
import { fanOutRules } from "./fan-out.ts";
import { fencingRules } from "./fencing.ts";
import { finishRules } from "./finish.ts";
import { finishInTransactionRules } from "./finish-in-transaction.ts";
import { finishTogetherRules } from "./finish-together.ts";
import { groupRules } from "./groups.ts";
import { historyRules } from "./history.ts";
import { interleavingRules } from "./interleavings.ts";
import { keyLimitRules } from "./key-limits.ts";
import { limitRules } from "./limits.ts";
import { pauseRules } from "./pause.ts";
import { rescueRules } from "./rescue.ts";
import { retentionRules } from "./retention.ts";
import { retryRules } from "./retries.ts";
import { runReportRules } from "./run-reports.ts";
import { sharedLimitRules } from "./shared-limits.ts";
import { stateRules } from "./states.ts";
import { statsRules } from "./stats.ts";
import { stepRules } from "./steps.ts";
import { TestBed } from "./test-bed.ts";
import type { CreateDatabase } from "./test-database.ts";
import { transactionRules } from "./transactions.ts";
import { uniqueKeyRules } from "./unique-keys.ts";
import { uniqueScopeRules } from "./unique-scopes.ts";
import { versionEditRules } from "./version-edits.ts";
import { versionRules } from "./versions.ts";
import { workflowStepRules } from "./workflow-steps.ts";
import { workflowRules } from "./workflows.ts";

/** States one rule that every store keeps, and shows it on a database of its own. */
export type Rule = (title: string, show: (bed: TestBed) => Promise<void>) => void;

const THEMES: Readonly<Record<string, (rule: Rule) => void>> = {
  enqueue: enqueueRules,
  claim: claimRules,
  batches: batchRules,
  finish: finishRules,
  fencing: fencingRules,
  expiry: expiryRules,
  retries: retryRules,
  "dead letters": deadLetterRules,
  discarded: discardRules,
  "unique keys": uniqueKeyRules,
  "unique keys that are given back": uniqueScopeRules,
  delayed: delayedRules,
  dependencies: dependencyRules,
  "fan-out": fanOutRules,
  workflows: workflowRules,
  "workflows from steps": workflowStepRules,
  cancel: cancelRules,
  pause: pauseRules,
  limits: limitRules,
  "shared limits": sharedLimitRules,
  "limits per key": keyLimitRules,
  groups: groupRules,
  rescue: rescueRules,
  crashes: crashRules,
  transactions: transactionRules,
  "finishing in a transaction": finishInTransactionRules,
  "finishing together": finishTogetherRules,
  "cron slots": cronSlotRules,
  "cron declarations": cronDeclarationRules,
  "cron edits": cronEditRules,
  "cron overlap": cronOverlapRules,
  "payload versions": versionRules,
  "payload versions that are edited": versionEditRules,
  encryption: encryptionRules,
  events: eventRules,
  "what runs tell": runReportRules,
  retention: retentionRules,
  stats: statsRules,
  history: historyRules,
  steps: stepRules,
  "every verb in every state": stateRules,
  interleavings: interleavingRules,
};

/**
 * The conformance suite: every driver runs it, and after each rule its database is searched for broken invariants.
 * @param name of the driver
 * @param create makes a new, empty database
 * @param skips rules that the driver does not keep, by title, each with the reason
 */
export function describeStore(
  name: string,
  create: CreateDatabase,
  skips: Readonly<Record<string, string>> = {},
): void {
  const titles = new Set<string>();
  const rule: Rule = (title, show) => {
    titles.add(title);
    it(`${title}`, async (context) => {
      context.skip(title in skips, `not on ${name}: ${skips[title]}`);
      const bed = await TestBed.open(create);
      try {
        await show(bed);
        expect(await bed.database.faults()).toEqual([]);
      } finally {
        await bed.close();
      }
    });
  };
  describe(`${name} keeps the rules of every store`, () => {
    for (const [theme, describeRules] of Object.entries(THEMES)) {
      describe(`${theme}`, () => {
        describeRules(rule);
      });
    }
    it("skips only rules that exist", () => {
      expect(Object.keys(skips).filter((title) => !titles.has(title))).toEqual([]);
    });
  });
}
