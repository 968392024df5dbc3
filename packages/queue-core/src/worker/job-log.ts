import type { Logger } from "pino";
import type { CatalogIndex } from "../catalog.ts";
import type { ClaimedJob } from "../job.ts";
import { errorKind } from "../sealed.ts";

const WITHHELD = "withheld: its job type is encrypted";

/** What an error says, and where its stack repeats it, may hold what the payload does. */
const SERIALIZERS = {
  error: (text: unknown) => `${errorKind(String(text))}: ${WITHHELD}`,
  stack: () => WITHHELD,
  err: () => WITHHELD,
};

/** The log of one run: each line says which job it is about, and of an encrypted type none says what an error said. */
export function jobLog(parent: Logger, job: ClaimedJob, catalog: CatalogIndex, more: object = {}): Logger {
  const { id: jobId, type, attempt, workflowId } = job;
  return typeLog(parent, catalog, { jobId, type, attempt, workflowId, ...more });
}

/** The same for several jobs of one type. */
export function typeLog(
  parent: Logger,
  catalog: CatalogIndex,
  bindings: { readonly type: string; readonly [name: string]: unknown },
): Logger {
  return catalog.get(bindings.type)?.encrypted
    ? parent.child(bindings, { serializers: SERIALIZERS })
    : parent.child(bindings);
}
