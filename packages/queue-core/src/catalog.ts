import type { JobCatalog, JobDefinition } from "./define-job.ts";
import { JobDefinitionError, JobTypeUnknownError } from "./errors.ts";
import type { Keyring } from "./keyring.ts";
import { shown } from "./known-options.ts";

/** The job types of an application by name, and what their payloads are encrypted with. */
export interface CatalogIndex extends ReadonlyMap<string, JobDefinition> {
  readonly keyring: Keyring | null;
}

class Catalog extends Map<string, JobDefinition> implements CatalogIndex {
  readonly keyring: Keyring | null;
  constructor(keyring: Keyring | null) {
    super();
    this.keyring = keyring;
  }
}

/**
 * Indexes a catalog by type name.
 * @throws {JobTypeUnknownError} if two definitions share a name
 * @throws {JobDefinitionError} if a shared limit is called as a type is: a limit set on that name would be whose?
 */
export function indexCatalog(jobs: JobCatalog, keyring: Keyring | null = null): CatalogIndex {
  const index = new Catalog(keyring);
  for (const job of jobs) {
    if (typeof job?.type !== "string" || job.retry === undefined)
      throw new JobDefinitionError(`A catalog holds what defineJob gives, got ${shown(job)}`);
    if (index.has(job.type))
      throw new JobTypeUnknownError(`Two job types are named "${job.type}"; each name must be defined once`);
    index.set(job.type, job);
  }
  for (const { type, limit } of jobs)
    if (limit !== null && index.has(limit))
      throw new JobDefinitionError(
        `Job type "${type}": the limit "${limit}" has the name of a type; one that types share needs its own`,
      );
  return index;
}

/** @throws {JobTypeUnknownError} naming the types there are */
export function definitionOf(catalog: CatalogIndex, type: string): JobDefinition {
  const definition = catalog.get(type);
  if (definition) return definition;
  throw new JobTypeUnknownError(
    `No job type ${shown(type)} in the catalog; it has ${[...catalog.keys()].join(", ") || "none"}`,
  );
}
