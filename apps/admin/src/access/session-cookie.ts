import { SESSION_MS } from "./sessions.ts";

const NAME = "holdfast_session";

/** The session's id that a request carries. */
export function readSessionCookie(request: Request): string | undefined {
  return new RegExp(`(?:^|;\\s*)${NAME}=([\\w-]+)`).exec(request.headers.get("cookie") ?? "")?.[1];
}

/** The header that begins a session in the browser; scripts cannot read it, other sites cannot send it. */
export function sessionCookie(id: string): string {
  return `${NAME}=${id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_MS / 1_000}`;
}

export function expiredSessionCookie(): string {
  return `${NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
}
