import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { failure } from "@holdfast/services/process";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The files of the dashboard's page, as they lie beside this module in `src` and in `dist`. */
export interface PageFiles {
  /** Answers with a file; one that is not of the page is a 404. */
  answer(name: string, request?: Request): Promise<Response>;
}

/**
 * Serves the page's files by name. The names are read once, so no request ever becomes a path; the files are read each
 * time, so that an edit shows at the next reload.
 */
export function openPageFiles(folder: string = join(import.meta.dirname, "page")): PageFiles {
  const paths = new Map(
    readdirSync(folder)
      .filter((name) => CONTENT_TYPES[extname(name)] !== undefined)
      .map((name) => [name, join(folder, name)]),
  );
  // The page's own `preact.js`: a browser resolves no package names.
  const preact = createRequire(import.meta.url).resolve("preact/package.json");
  paths.set("preact.js", join(dirname(preact), "dist/preact.mjs"));

  // Whoever asks for a file while it is being read gets that reading: the page is open to anybody, and a reading for
  // each of thousands of requests at once would use up the files that a process may have open.
  const readings = new Map<string, Promise<PageFile>>();
  const read = (path: string): Promise<PageFile> => {
    const reading = readings.get(path) ?? readPageFile(path).finally(() => readings.delete(path));
    readings.set(path, reading);
    return reading;
  };

  return {
    async answer(name, request) {
      const path = paths.get(name);
      if (path === undefined) return failure(404, "NOT_FOUND", "There is no such file");
      const { bytes, etag } = await read(path);
      const headers = {
        "content-type": CONTENT_TYPES[extname(name)] ?? "application/octet-stream",
        // Kept, but asked about each time: a new version is never mixed with an old one.
        "cache-control": "no-cache",
        etag,
      };
      if (request?.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
      return new Response(bytes, { headers });
    },
  };
}

interface PageFile {
  readonly bytes: Buffer<ArrayBuffer>;
  /** Changes with the content. */
  readonly etag: string;
}

async function readPageFile(path: string): Promise<PageFile> {
  const bytes = await readFile(path);
  return { bytes, etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"` };
}
