import { FakeClock } from "@holdfast/queue-core/testing";
import { expect, it } from "vitest";
import { SESSION_MS, Sessions } from "../../src/access/sessions.ts";
import { openTestAdmin, TOKEN } from "../open-test-admin.ts";

it("the form logs in with a cookie that scripts cannot read and other sites cannot send", async () => {
  const { send, url } = await openTestAdmin();
  const body = new URLSearchParams({ token: TOKEN });
  const response = await send("/login", { method: "POST", headers: { origin: url }, body });
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/");
  expect(response.headers.get("set-cookie")).toMatch(
    /^holdfast_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/,
  );
});

it("the ready link logs in and leaves the token out of the address", async () => {
  const { send } = await openTestAdmin();
  const response = await send(`/login?token=${TOKEN}`);
  expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect((await send("/admin/queue/stats", { headers: { cookie } })).status).toBe(200);
  expect(response.headers.get("referrer-policy")).toBe("same-origin");
});

it("a wrong token begins no session", async () => {
  const { send, url } = await openTestAdmin();
  const body = new URLSearchParams({ token: "wrong" });
  for (const response of [
    await send("/login", { method: "POST", headers: { origin: url }, body }),
    await send("/login", { method: "POST", headers: { origin: url } }),
    await send("/login?token=wrong"),
    await send("/login?token="),
  ]) {
    expect([response.status, response.headers.get("location")]).toEqual([303, "/login?refused"]);
    expect(response.headers.get("set-cookie")).toBeNull();
  }
  expect(await (await send("/login?refused")).text()).toContain("not the admin token");
});

it("logging out ends the session on the server too", async () => {
  const { send, url, logIn } = await openTestAdmin();
  const cookie = await logIn();
  const response = await send("/admin/logout", { method: "POST", headers: { cookie, origin: url } });
  expect(response.headers.get("set-cookie")).toContain("Max-Age=0");
  expect((await send("/admin/queue/stats", { headers: { cookie } })).status).toBe(401);
});

it("a session ends by itself after twelve hours", async () => {
  const { send, clock, logIn } = await openTestAdmin();
  const cookie = await logIn();
  clock.advance(SESSION_MS - 1);
  expect((await send("/admin/queue/stats", { headers: { cookie } })).status).toBe(200);
  clock.advance(1);
  expect((await send("/admin/queue/stats", { headers: { cookie } })).status).toBe(401);
});

it("an invented session id is nobody's", async () => {
  const { send, logIn } = await openTestAdmin();
  const cookie = await logIn();
  for (const invented of ["holdfast_session=x", "holdfast_session=", `other${cookie}`, cookie.slice(0, -1)]) {
    expect((await send("/admin/queue/stats", { headers: { cookie: invented } })).status).toBe(401);
  }
});

it("the thousand-and-first session ends the oldest, so that logging in cannot fill the memory", () => {
  const sessions = new Sessions(new FakeClock());
  const ids = Array.from({ length: 1_001 }, () => sessions.begin());
  expect(ids.map((id) => sessions.isOpen(id)).filter((open) => !open)).toHaveLength(1);
  expect(sessions.isOpen(ids[0] ?? "")).toBe(false);
});
