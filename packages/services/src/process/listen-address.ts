/**
 * The address to listen on: in development this machine alone, because the API asks for no key there.
 * @returns undefined for all interfaces
 */
export function listenAddress(environment: {
  readonly HOST?: string | undefined;
  readonly NODE_ENV: string;
}): string | undefined {
  return environment.HOST ?? (environment.NODE_ENV === "production" ? undefined : "127.0.0.1");
}
