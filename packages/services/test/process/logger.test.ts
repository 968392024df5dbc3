import { expect, it } from "vitest";
import { createLogger, type LogSettings } from "../../src/process/logger.ts";

/** A logger whose lines are kept; every line must be JSON. */
function recorded(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ name: "test", level: "info", destination, ...settings });
  return { log, text: () => lines.map((line) => JSON.stringify(JSON.parse(line))).join("\n") };
}

it("writes JSON lines with the app's name, an ISO time and the level as a word", () => {
  const { log, text } = recorded();
  log.info({ jobId: "j1" }, "claimed");
  expect(JSON.parse(text())).toMatchObject({ name: "test", level: "info", jobId: "j1", msg: "claimed" });
  expect(JSON.parse(text()).time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

it("leaves out what is below its level", () => {
  const { log, text } = recorded({ level: "warn" });
  log.info("not this");
  log.warn("but this");
  expect(text()).not.toContain("not this");
  expect(text()).toContain("but this");
});

it.each([
  "authorization",
  "Cookie",
  "set-cookie",
  "PASSWORD",
  "secret",
  "token",
  "apiKey",
  "API_KEY",
  "smtpUrl",
  "SMTP_URL",
])("masks %s at any depth, as text, number or list", (key) => {
  const { log, text } = recorded();
  log.info({ [key]: "planted", a: { b: [{ c: { d: { e: { [key]: 'pla"nted' } } } }] } });
  log.info({ a: { [key]: ["planted", "pla]nted"] }, b: { [key]: 123_456 } });
  expect(text()).not.toMatch(/pla|nted|123456/);
  expect(text().match(/\[redacted\]/g)).toHaveLength(4);
});

it("masks secrets in the bindings of child loggers and in errors with their causes", () => {
  const { log, text } = recorded();
  const cause = Object.assign(new Error("inner"), { config: { headers: { Authorization: "planted" } } });
  log.child({ token: "planted" }).error({ err: new Error("outer", { cause }), cause }, "failed");
  expect(text()).not.toContain("planted");
  expect(text()).toContain("outer");
});

it("masks passwords in URLs and credentials after Bearer, wherever they stand", () => {
  const { log, text } = recorded();
  log.info({ note: "cannot reach smtp://ann:planted@mail:587/x" }, "sent Bearer planted123 to it");
  expect(text()).not.toContain("planted");
  expect(text()).toContain("smtp://ann:[redacted]@mail:587/x");
});

it("masks the given values wherever they stand, also where JSON escapes them", () => {
  const { log, text } = recorded({ secrets: ['quo"ted', "plain", "plainer"] });
  log.info({ ['quo"ted']: "plainer" }, 'a quo"ted and a plain one');
  expect(text()).not.toMatch(/quo|plain|er"/);
});

it("keeps what only resembles a secret", () => {
  const { log, text } = recorded();
  log.info({ leaseToken: 7, tokens: 3, passed: true, url: "http://localhost:3000/@x" }, "ok");
  expect(JSON.parse(text())).toMatchObject({
    leaseToken: 7,
    tokens: 3,
    passed: true,
    url: "http://localhost:3000/@x",
  });
});
