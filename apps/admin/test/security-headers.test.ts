import { expect, it } from "vitest";
import { openTestAdmin } from "./open-test-admin.ts";

it.each(["/", "/login", "/assets/dashboard.js", "/admin/queue/stats", "/admin/nothing", "/assets/nothing"])(
  "%s carries the security headers, whatever the answer",
  async (path) => {
    const { send, asOperator } = await openTestAdmin();
    for (const response of [await send(path), await asOperator(path)]) {
      const policy = response.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|data:|https?:/);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("x-frame-options")).toBe("DENY");
      expect(response.headers.get("cache-control")).toMatch(/^no-(?:store|cache)$/);
    }
  },
);

it("answers in JSON are never kept, and the page's files are asked about each time", async () => {
  const { asOperator, send } = await openTestAdmin();
  expect((await asOperator("/admin/jobs")).headers.get("cache-control")).toBe("no-store");
  const file = await send("/assets/dashboard.js");
  expect(file.headers.get("cache-control")).toBe("no-cache");
  const again = await send("/assets/dashboard.js", {
    headers: { "if-none-match": file.headers.get("etag") ?? "" },
  });
  expect([again.status, await again.text()]).toEqual([304, ""]);
});
