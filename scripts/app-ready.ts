/** The four apps, and the line of its log with which each says that it is ready. */
export const READY_MESSAGES = {
  api: "api listening",
  worker: "worker started",
  scheduler: "scheduler started",
  admin: "admin listening",
} as const;

export type AppName = keyof typeof READY_MESSAGES;
