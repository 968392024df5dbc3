import { isSameSecret } from "./secret-text.ts";
import { readSessionCookie } from "./session-cookie.ts";
import type { Sessions } from "./sessions.ts";

/** Somebody who may see and do everything here. */
export class Operator {
  /** How they are named in the audit log. */
  readonly actor: string;
  /** Their session's id; null if they sent the token itself. */
  readonly sessionId: string | null;
  constructor(sessionId: string | null) {
    this.sessionId = sessionId;
    this.actor = sessionId === null ? "operator (token)" : "operator (session)";
  }
}

/** Who a request comes from; null is nobody. A bearer token that is wrong is not made good by a cookie. */
export function identify(
  request: Request,
  credentials: { readonly token: string; readonly sessions: Sessions },
): Operator | null {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) {
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1];
    return bearer !== undefined && isSameSecret(bearer, credentials.token) ? new Operator(null) : null;
  }
  const sessionId = readSessionCookie(request);
  return sessionId !== undefined && credentials.sessions.isOpen(sessionId) ? new Operator(sessionId) : null;
}
