import type { World } from "./world.ts";

/** Something that somebody does. It says what in a few words, or null if there was nothing to do. */
export interface Step {
  readonly name: string;
  /** How often it is taken, compared with the others. */
  readonly weight: number;
  readonly act: (world: World) => Promise<string | null>;
}
