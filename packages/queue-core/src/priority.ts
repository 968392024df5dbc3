/**
 * Named priorities. Any integer from -100 to 100 is allowed; more urgent jobs are claimed first.
 * NORMAL is deliberately not 0, so that "no priority given" and "lowest" stay different things.
 */
export const PRIORITY = { LOW: 0, NORMAL: 5, HIGH: 10, CRITICAL: 20 } as const;

export const LOWEST_PRIORITY = -100;
export const HIGHEST_PRIORITY = 100;
