import { type JobDefinition, JobTypeUnknownError } from "@holdfast/queue-core";
import type { ShopQueue } from "@holdfast/services";

/**
 * The definition of a stored job's type.
 * @throws {JobTypeUnknownError} if the type has left the catalog since
 */
export function definitionIn(queue: Pick<ShopQueue, "catalog">, type: string): JobDefinition {
  const definition = queue.catalog.get(type);
  if (definition !== undefined) return definition;
  throw new JobTypeUnknownError(`There is no job type "${type}" any more, so its payload cannot be checked`);
}
