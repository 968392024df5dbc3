import { route } from "@hectoday/http";
import { validInput } from "@holdfast/services/process";
import { z } from "zod";
import type { PageFiles } from "../page-files.ts";

/** The dashboard's page and the files it is made of. */
export function pageRoutes(files: PageFiles) {
  return [
    route.get("/", {
      resolve: async (c) =>
        c.locals.operator === null
          ? new Response(null, { status: 303, headers: { location: "/login" } })
          : await files.answer("dashboard.html", c.request),
    }),

    route.get("/assets/:file", {
      request: { params: z.object({ file: z.string() }) },
      resolve: async (c) => await files.answer(validInput(c.input).params.file, c.request),
    }),
  ];
}
