import { JobDefinitionError } from "./errors.ts";
import { type OptionNames, shown, unknownOption } from "./known-options.ts";

/** How long to wait before the next attempt of a job that failed. */
export interface Backoff {
  readonly kind: "linear" | "exponential" | "fixed" | "custom";
  /**
   * The longest wait after a number of failures.
   * @param failures failed attempts so far, counted from 1
   * @returns milliseconds
   */
  boundMs(failures: number): number;
  /**
   * The wait itself: the bound, or a random share of it where the policy has jitter.
   * @param failures failed attempts so far, counted from 1
   * @param random a number in [0, 1)
   * @returns milliseconds
   */
  delayMs(failures: number, random: () => number): number;
}

/** @throws {JobDefinitionError} */
function requireWaits<Options extends object>(
  of: string,
  options: Options,
  names: OptionNames<Options>,
): void {
  const refuse = (what: string): never => {
    throw new JobDefinitionError(`${of} takes { ${Object.keys(names).join(", ")} }: ${what}`);
  };
  if (typeof options !== "object" || options === null) refuse(`got ${shown(options)}`);
  const unknown = unknownOption(options, names);
  if (unknown !== null) refuse(unknown);
  for (const name of Object.keys(names) as (keyof Options & string)[]) {
    const ms: unknown = options[name];
    if (typeof ms !== "number" || !(ms >= 0)) refuse(`${name} must be milliseconds from 0, got ${shown(ms)}`);
  }
}

/**
 * Waits `stepMs` longer after each failure: 30 s, 60 s, 90 s, … by default.
 * @param options.stepMs milliseconds added per failure
 * @throws {JobDefinitionError} if that is no number from 0
 */
export function linear(options: { readonly stepMs?: number } = {}): Backoff {
  const { stepMs = 30_000 } = options;
  requireWaits("linear", { ...options, stepMs }, { stepMs: true });
  const boundMs = (failures: number): number => stepMs * failures;
  return { kind: "linear", boundMs, delayMs: boundMs };
}

/**
 * Doubles its bound after each failure up to a cap and waits a random part of it ("full jitter"), so that jobs
 * which failed together do not come back together.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @param options.firstMs bound after the first failure, in milliseconds
 * @param options.maxMs the bound never exceeds this, in milliseconds
 * @throws {JobDefinitionError} if either is no number from 0
 */
export function exponential(options: { readonly firstMs: number; readonly maxMs: number }): Backoff {
  requireWaits("exponential", options, { firstMs: true, maxMs: true });
  const boundMs = (failures: number): number =>
    Math.min(options.maxMs, options.firstMs * 2 ** (failures - 1));
  return {
    kind: "exponential",
    boundMs,
    delayMs: (failures, random) => Math.round(boundMs(failures) * random()),
  };
}

/**
 * Waits equally long after each failure.
 * @param options.delayMs the wait, in milliseconds
 * @throws {JobDefinitionError} if that is no number from 0
 */
export function fixed(options: { readonly delayMs: number }): Backoff {
  requireWaits("fixed", options, { delayMs: true });
  const boundMs = (): number => options.delayMs;
  return { kind: "fixed", boundMs, delayMs: boundMs };
}

/**
 * Waits as long as a function of yours says.
 * @param wait takes the number of failures so far (from 1), returns milliseconds
 */
export function custom(wait: (failures: number) => number): Backoff {
  return { kind: "custom", boundMs: wait, delayMs: wait };
}
