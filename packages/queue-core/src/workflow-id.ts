/**
 * An id for a workflow: creation time, then 60 random bits, both in hexadecimal, so that ids sort by time.
 * @param nowMs milliseconds since 1970 UTC
 * @param random a number in [0, 1)
 */
export function newWorkflowId(nowMs: number, random: () => number): string {
  const bits = (): string =>
    Math.floor(random() * 2 ** 30)
      .toString(16)
      .padStart(8, "0");
  return `wf-${nowMs.toString(16).padStart(11, "0")}-${bits()}${bits()}`;
}
