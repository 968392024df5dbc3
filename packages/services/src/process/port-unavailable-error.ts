/** A port cannot be listened on: another process has it, or it is not this user's to take. */
export class PortUnavailableError extends Error {
  readonly code = "PORT_UNAVAILABLE";
  override readonly name = "PortUnavailableError";

  constructor(port: number, options: { readonly cause: Error }) {
    super(
      `Cannot listen on port ${port}: ${options.cause.message}; free it, or choose another by API_PORT, ADMIN_PORT, ` +
        "WORKER_HEALTH_PORT or SCHEDULER_HEALTH_PORT",
      options,
    );
  }
}
