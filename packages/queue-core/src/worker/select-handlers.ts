import { EncryptionKeyMissingError, HandlerMissingError } from "../errors.ts";
import type { Queue } from "../queue.ts";
import type { AnyHandler } from "./execute-job.ts";

interface HandlerSelection {
  readonly queue: Pick<Queue, "catalog">;
  readonly handlers: object;
  readonly types?: readonly string[];
}

/**
 * The handlers of the types that a worker takes.
 * @throws {HandlerMissingError} listing the types without a handler, or if there are none to take
 * @throws {EncryptionKeyMissingError} if some are encrypted and there is no keyring
 */
export function selectHandlers(options: HandlerSelection): ReadonlyMap<string, AnyHandler> {
  const handlers = options.handlers as Readonly<Record<string, AnyHandler | undefined>>;
  const types = options.types ?? Object.keys(handlers);
  if (types.length === 0) throw new HandlerMissingError("This worker would take no jobs: give it handlers");
  const missing = types.filter((type) => !Object.hasOwn(handlers, type) || !handlers[type]);
  const unknown = types.filter((type) => !options.queue.catalog.has(type));
  if (unknown.length > 0) throw new HandlerMissingError(`Not in the catalog: ${unknown.join(", ")}`);
  if (missing.length > 0)
    throw new HandlerMissingError(`These job types have no handler: ${missing.join(", ")}`);
  const sealed = types.filter((type) => options.queue.catalog.get(type)?.encrypted);
  if (sealed.length > 0 && !options.queue.catalog.keyring)
    throw new EncryptionKeyMissingError(
      `These job types are encrypted, so pass a keyring to createQueue: ${sealed.join(", ")}`,
    );
  return new Map(types.flatMap((type) => (handlers[type] ? [[type, handlers[type]] as const] : [])));
}
