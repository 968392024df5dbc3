export { FakeClock } from "./fake-clock.ts";
export { MemoryDatabase, type MemoryStoreOptions, SharedConnection } from "./memory-database.ts";
export { seededRandom, seedOfRun } from "./seeded-random.ts";
