import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const FOLDER = new URL("../examples/", import.meta.url);

/** What each example prints. */
const OUTPUTS: Readonly<Record<string, string>> = {
  "batches.ts": `\
sending to ada, grace, nobody
sending to konrad, edsger
sending to nobody
attempt 1: completed
attempt 1: completed
attempt 1: scheduled
attempt 1: completed
attempt 1: completed
attempt 2: completed
`,
  "dead-letters.ts": `\
timed out: 2 of 3
put back: 1
retried: 2
attempt 1, after 1 failed run
dead: 1, unreviewed: 0
`,
  "declared-schedules.ts": `\
first deploy: added send_report, poll_mailbox; kept none; deactivated none
the same again: added none; kept send_report; deactivated none
without the mailbox: added none; kept send_report; deactivated poll_mailbox
poll_mailbox: every 90000 ms, off
send_report: 0 10 * * *, active
`,
  "bulk.ts": `\
none added: 0 jobs
ada@example.com: added
nobody: refused, Payload of "send_mail" is invalid: to: no address
grace@example.com: added
ada@example.com: deduplicated
`,
  "encryption.ts": `\
encrypted with 2026-05
encrypted with 2026-11
result: { paid: 'DE02120300000000202051' }
stored error: RangeError: sealed:…
with the key: RangeError: there is no account unknown
the account stands in the file: false
`,
  "fairness.ts": `\
50,000 jobs of one tenant, then one of another: big small big big
with fifty of it: big small big small big small
of 40 turns: premium 24, big 8, small 8
`,
  "events.ts": `\
enqueued
started, attempt 1
retried, attempt 1: Error: no way to reach ada
started, attempt 2
completed, attempt 2
enqueued
started, attempt 1
retried, attempt 1: Error: no way to reach nobody
started, attempt 2
dead, attempt 2: Error: no way to reach nobody
`,
  "progress.ts": `\
progressed to 50
attempt 1 retried
attempt 2 progressed to 100
attempt 2 completed
attempt 1 came to 50 and logged much:
  info rendered {"page":20}
attempt 2 came to 100 and logged much:
  info rendered {"page":40}
`,
  "limit-keys.ts": `\
at most 2 of the big customer at a time, 2 of the small one
the small one waited for few of the 1000 files before its own
`,
  "limits.ts": `\
10 mails, no faster than the rate
10 images, at most 2 at a time
still limited: resize_image
`,
  "pause.ts": `\
paused: send_mail
invoice for ord-1
still pending: 1
mail for ord-1, attempt 1
`,
  "payload-versions.ts": `\
today's worker: Ada Lovelace
1 send_mail of version 3 waits for a newer worker
tomorrow's worker: Hopper, Grace (en); Zuse, Konrad (de)
`,
  // The failed run is retried without a second mail.
  "quickstart.ts": `\
enqueued: pending
attempt 1 of 3 begins
mail sent to ada@example.com
attempt 2 of 3 begins
ada@example.com recorded
attempt 1 failed: Error: the address book is out of reach
attempt 2 completed
ended: completed
`,
  "recurring-jobs.ts": `\
the next 09:30s in Berlin: 2026-03-27T08:30Z, 2026-03-28T08:30Z, 2026-03-29T07:30Z
02:30 on the day it is left out: 2026-03-29T01:00Z
paused for two days, then resumed: 0 jobs
edited: every 3600000 ms, version 4
3 hours while the first job runs: 1 job
`,
  "shared-limits.ts": `\
claimed: send_receipt 1, send_receipt 2, send_newsletter 1, resize_image 1, resize_image 2
kept: email
email of send_newsletter and send_receipt: 1, edited
email of send_newsletter and send_receipt: 3
`,
  "statistics.ts": `\
980 pending, 1 scheduled, 1 dead
failure rate: 0.05, unreviewed: 1
completed 19, failed 1, pending 980, scheduled 1
30 minutes: 1001 added, 19 completed, 1 failed
waited: 20 jobs, half of them under a second: true
degraded: more than 900 jobs are pending
`,
  "testing.ts": `\
✓ a sign-up enqueues its mail
✓ the mail is retried after a minute, and its follow-up a day later
✓ the handler alone: sent to ada@example.com, and asks for 1 job
✓ a handler of batches: failed, completed
`,
  "typed-results.ts": `\
4 bolts left at 2026-11-27T08:00:00.000Z
to be ordered: 1 of 2
refused: true
`,
  "unique-keys.ts": `\
the same order twice: one job, deduplicated: true
while it runs, one more may wait: deduplicated: false
three edits of a document: one index run, of edit 3
`,
  "workflow.ts": `\
4 steps, the last one is waiting
failed: {"cancelled":1,"completed":2,"failed":1}
retried: running
sending what chart returned: {"file":"chart.svg"}
sending what text returned: {"text":"sold: {\\"total\\":42}"}
completed: {"completed":4}
`,
};

it("every example is compared with what it should print", () => {
  expect(readdirSync(FOLDER).filter((name) => name.endsWith(".ts"))).toEqual(Object.keys(OUTPUTS).toSorted());
});

it.each(Object.entries(OUTPUTS))("%s prints what it should, and ends by itself", async (name, stdout) => {
  const path = fileURLToPath(new URL(name, FOLDER));
  const ended = await promisify(execFile)(process.execPath, ["--conditions=source", path]);
  expect(ended).toEqual({ stdout, stderr: "" });
});
