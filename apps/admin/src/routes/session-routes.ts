import { route } from "@hectoday/http";
import type { ShopQueue } from "@holdfast/services";
import { RequestInvalidError } from "@holdfast/services/process";
import type { Logger } from "pino";
import { isSameSecret } from "../access/secret-text.ts";
import { expiredSessionCookie, sessionCookie } from "../access/session-cookie.ts";
import type { Sessions } from "../access/sessions.ts";
import { operatorIn } from "../locals.ts";
import type { PageFiles } from "../page-files.ts";

export interface SessionRoutesOptions {
  readonly store: Pick<ShopQueue["store"], "audit">;
  readonly sessions: Sessions;
  readonly token: string;
  readonly files: PageFiles;
  readonly log: Logger;
}

/** Logging in, by the form or by a ready link, and out. */
export function sessionRoutes({ store, sessions, token, files, log }: SessionRoutesOptions) {
  const audit = (action: string): Promise<void> =>
    store.audit({ actor: "operator (session)", action, subject: "dashboard", detail: null });

  const logIn = async (request: Request, given: string | null): Promise<Response> => {
    if (given === null || !isSameSecret(given, token)) {
      // Not audited: whoever is not logged in must not be able to fill the database.
      log.warn("login refused: wrong token");
      return redirect("/login?refused");
    }
    await audit("login");
    return redirect("/", sessionCookie(sessions.begin(), request));
  };

  return [
    route.get("/login", {
      resolve: async (c) => {
        const { searchParams } = new URL(c.request.url);
        if (searchParams.has("token")) return await logIn(c.request, searchParams.get("token"));
        return await files.answer(searchParams.has("refused") ? "login-refused.html" : "login.html");
      },
    }),

    route.post("/login", {
      resolve: async (c) => await logIn(c.request, (await readForm(c.request)).get("token")),
    }),

    route.post("/admin/logout", {
      resolve: async (c) => {
        const { sessionId } = operatorIn(c.locals);
        if (sessionId !== null) sessions.end(sessionId);
        await audit("logout");
        return redirect("/login", expiredSessionCookie());
      },
    }),
  ];
}

/** @throws {RequestInvalidError} if the form is too long, or its sender hung up: nobody's fault here */
async function readForm(request: Request): Promise<URLSearchParams> {
  try {
    return new URLSearchParams(await request.text());
  } catch {
    throw new RequestInvalidError([{ field: "", message: "The form could not be read to its end" }]);
  }
}

/** 303: whatever the method was, the next request is a GET (RFC 9110 section 15.4.4). */
function redirect(location: string, cookie?: string): Response {
  const response = new Response(null, { status: 303, headers: { location } });
  if (cookie !== undefined) response.headers.set("set-cookie", cookie);
  return response;
}
