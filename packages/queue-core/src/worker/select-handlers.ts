import { LONGEST_TIMER_MS } from "../define-job.ts";
import { EncryptionKeyMissingError, HandlerMissingError, OptionInvalidError } from "../errors.ts";
import { type OptionNames, shown, unknownOption } from "../known-options.ts";
import type { Queue } from "../queue.ts";
import { type AnyHandler, type BatchSettings, isBatchHandler } from "./handler.ts";

interface HandlerSelection {
  readonly queue: Pick<Queue, "catalog">;
  readonly handlers: object;
  readonly types?: readonly string[];
}

/**
 * The handlers of the types that a worker takes.
 * @throws {HandlerMissingError} listing the types that are unknown or without a handler, or if there are none to take
 * @throws {OptionInvalidError} if a handler is none, or a batch has a size or a linger that is out of range
 * @throws {EncryptionKeyMissingError} if some are encrypted and there is no keyring
 */
export function selectHandlers(options: HandlerSelection): ReadonlyMap<string, AnyHandler> {
  // A caller without a compiler may have left them out.
  const handlers = (options.handlers ?? {}) as Readonly<Record<string, AnyHandler | undefined>>;
  const types = options.types ?? Object.keys(handlers);
  if (types.length === 0) throw new HandlerMissingError("This worker would take no jobs: give it handlers");
  const unknown = types.filter((type) => !options.queue.catalog.has(type));
  const missing = types.filter((type) => !Object.hasOwn(handlers, type) || !handlers[type]);
  const faults = [
    ...(unknown.length > 0 ? [`Not in the catalog: ${unknown.join(", ")}`] : []),
    ...(missing.length > 0 ? [`These job types have no handler: ${missing.join(", ")}`] : []),
  ];
  if (faults.length > 0) throw new HandlerMissingError(faults.join(". "));
  const sealed = types.filter((type) => options.queue.catalog.get(type)?.encrypted);
  if (sealed.length > 0 && !options.queue.catalog.keyring)
    throw new EncryptionKeyMissingError(
      `These job types are encrypted, so pass a keyring to createQueue: ${sealed.join(", ")}`,
    );
  for (const type of types) requireHandler(type, handlers[type]);
  return new Map(types.flatMap((type) => (handlers[type] ? [[type, handlers[type]] as const] : [])));
}

const LARGEST_BATCH = 1_000;

const BATCH_NAMES: OptionNames<BatchSettings> = { size: true, lingerMs: true };

function requireHandler(type: string, handler: AnyHandler | undefined): void {
  if (!handler || typeof handler === "function") return;
  if (
    !isBatchHandler(handler) ||
    typeof handler.batch !== "object" ||
    handler.batch === null ||
    typeof handler.handle !== "function"
  )
    throw new OptionInvalidError(
      `"${type}": its handler must be a function, or { batch: { size, lingerMs }, handle } with a function`,
    );
  const problem = unknownOption(handler.batch, BATCH_NAMES);
  if (problem !== null) throw new OptionInvalidError(`"${type}": in its batch ${problem}`);
  const { size, lingerMs = 0 } = handler.batch;
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_BATCH)
    throw new OptionInvalidError(
      `"${type}": batch.size must be a whole number from 1 to ${LARGEST_BATCH}, got ${shown(size)}`,
    );
  if (!Number.isInteger(lingerMs) || lingerMs < 0 || lingerMs > LONGEST_TIMER_MS)
    throw new OptionInvalidError(
      `"${type}": batch.lingerMs must be a whole number from 0 to ${LONGEST_TIMER_MS}, got ${shown(lingerMs)}`,
    );
}
