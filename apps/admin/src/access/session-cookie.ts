import { SESSION_MS } from "./sessions.ts";

const NAME = "holdfast_session";

/** The session's id that a request carries. */
export function readSessionCookie(request: Request): string | undefined {
  return new RegExp(`(?:^|;\\s*)${NAME}=([\\w-]+)`).exec(request.headers.get("cookie") ?? "")?.[1];
}

/**
 * The header that begins a session in the browser; scripts cannot read it, other sites cannot send it, and after a
 * login over HTTPS nothing but HTTPS carries it.
 */
export function sessionCookie(id: string, login: Request): string {
  const secure = cameByHttps(login) ? " Secure;" : "";
  return `${NAME}=${id}; Path=/; HttpOnly;${secure} SameSite=Strict; Max-Age=${SESSION_MS / 1_000}`;
}

/** TLS ends at a proxy, which may say so; a browser that sends the form names the page it comes from. */
function cameByHttps({ headers }: Request): boolean {
  return headers.get("x-forwarded-proto") === "https" || headers.get("origin")?.startsWith("https:") === true;
}

export function expiredSessionCookie(): string {
  return `${NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
}
