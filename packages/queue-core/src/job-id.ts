const TIME_DIGITS = 11;
const SEQ_DIGITS = 12;
const ZEROS = "0".repeat(SEQ_DIGITS);
const JOB_ID = /^[0-9a-f]{11}-[0-9a-f]{12}$/;

/**
 * The public id of a job: creation time and row number in hexadecimal, so that ids sort by time and need no index
 * of their own (a text key was measured to cost a third of the enqueue rate). The view `jobs` builds the same text.
 * @param createdAtMs milliseconds since 1970 UTC
 * @param seq the row number of the job
 */
export function formatJobId(createdAtMs: number, seq: number): string {
  if (createdAtMs !== lastTime.ms) {
    lastTime.ms = createdAtMs;
    lastTime.text = createdAtMs.toString(16).padStart(TIME_DIGITS, "0");
  }
  const digits = seq.toString(16);
  return `${lastTime.text}-${ZEROS.slice(digits.length)}${digits}`;
}

/** Jobs are added and claimed in lists; writing a number this large costs more than the rest of the id. */
const lastTime = { ms: Number.NaN, text: "" };

/** The parts of a public id, or null if the text is none. */
export function parseJobId(id: string): { createdAtMs: number; seq: number } | null {
  if (!JOB_ID.test(id)) return null;
  return {
    createdAtMs: Number.parseInt(id.slice(0, TIME_DIGITS), 16),
    seq: Number.parseInt(id.slice(TIME_DIGITS + 1), 16),
  };
}
