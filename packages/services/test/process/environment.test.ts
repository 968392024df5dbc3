import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type EnvironmentSource, readEnvironment, secretsIn } from "../../src/process/environment.ts";
import { EnvironmentInvalidError } from "../../src/process/environment-invalid-error.ts";
import { keyringOf } from "../../src/process/keyring.ts";
import type { VariableShape } from "../../src/process/variable.ts";
import {
  adminVariables,
  apiVariables,
  mailVariables,
  paymentVariables,
  schedulerVariables,
  storeVariables,
  VARIABLE_GROUPS,
  workerVariables,
} from "../../src/process/variables.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function given(variables: Record<string, string>, file: string | null = null): EnvironmentSource {
  return { variables, file, folder: "/base" };
}

function envFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-env-"));
  folders.push(folder);
  writeFileSync(join(folder, ".env"), text);
  return join(folder, ".env");
}

function problemsOf(shape: VariableShape, variables: Record<string, string>): readonly string[] {
  try {
    readEnvironment(shape, given(variables));
  } catch (error) {
    if (error instanceof EnvironmentInvalidError) return error.problems;
    throw error;
  }
  return [];
}

describe("readEnvironment", () => {
  it("checks the keys of encrypted types, and says what is wrong with one without it", () => {
    const secret = Buffer.alloc(32, 9).toString("base64");
    const keys = `2026-11:${secret},2026-05:${Buffer.alloc(32, 8).toString("base64url")}`;
    const environment = readEnvironment(storeVariables, given({ PAYLOAD_KEYS: keys }));
    expect(keyringOf(environment).keyring?.ids).toEqual(["2026-11", "2026-05"]);
    expect(keyringOf(readEnvironment(storeVariables, given({})))).toEqual({});
    const short = Buffer.alloc(16, 9).toString("base64");
    const [problem = ""] = problemsOf(storeVariables, { PAYLOAD_KEYS: `2026-11:${short}` });
    expect(problem).toBe('PAYLOAD_KEYS: Key "2026-11" must be 32 bytes in base64, got 16 bytes');
    expect(problemsOf(storeVariables, { PAYLOAD_KEYS: secret }).join()).not.toContain(secret);
  });

  it("gives every group its defaults from an empty environment", () => {
    for (const { variables } of VARIABLE_GROUPS)
      expect(() => readEnvironment(variables, given({}))).not.toThrow();
    const environment = readEnvironment({ ...workerVariables, ...schedulerVariables }, given({}));
    expect(environment).toEqual({
      NODE_ENV: "development",
      LOG_LEVEL: "info",
      ALLOW_SIMULATED: false,
      WORKER_CONCURRENCY: 10,
      WORKER_LEASE_MS: 30_000,
      WORKER_SHUTDOWN_MS: 25_000,
      SCHEDULE_TZ: "UTC",
    });
  });

  it("resolves relative paths against the base folder and leaves absolute ones", () => {
    expect(readEnvironment(storeVariables, given({}))).toMatchObject({
      DATABASE_URL: "/base/data/shop.db",
      DATA_DIR: "/base/data",
    });
    const absolute = given({ DATABASE_URL: "file:///srv/shop.db", DATA_DIR: "/srv" });
    expect(readEnvironment(storeVariables, absolute)).toMatchObject({
      DATABASE_URL: "/srv/shop.db",
      DATA_DIR: "/srv",
    });
  });

  it.each([
    ["file:./a.db", "/base/a.db"],
    ["file:a.db", "/base/a.db"],
    ["file:../a.db", "/a.db"],
    ["file:/a.db", "/a.db"],
    ["file:///a b.db", "/a b.db"],
  ])("takes the path out of DATABASE_URL %s", (url, path) => {
    expect(readEnvironment(storeVariables, given({ DATABASE_URL: url })).DATABASE_URL).toBe(path);
  });

  it.each([
    "./a.db",
    "file:",
    "file:data/",
    "file::memory:",
    "file:a.db?mode=ro",
    "file://host/a.db",
    "mysql://h/d",
  ])("refuses DATABASE_URL %s", (url) => {
    const [problem] = problemsOf(storeVariables, { DATABASE_URL: url });
    expect(problem).toBe(
      `DATABASE_URL: expected a SQLite file like file:./data/shop.db, got ${JSON.stringify(url)}`,
    );
  });

  it.each(["hunter2", "hun/ter2", "hun@ter2", "hun ter2"])(
    "says that PostgreSQL is not available yet, without the password %s",
    (password) => {
      const [problem] = problemsOf(storeVariables, { DATABASE_URL: `postgres://ann:${password}@db/shop` });
      expect(problem).toContain("PostgreSQL is not available yet");
      expect(problem).toContain("postgres://ann:***@db/shop");
      expect(problem).not.toContain("ter2");
    },
  );

  it("lists everything that is wrong at once, one line each, and never a secret", () => {
    const shape = {
      ...adminVariables,
      ...apiVariables,
      ...schedulerVariables,
      ...mailVariables,
      ...workerVariables,
    };
    const problems = problemsOf(shape, {
      LOG_LEVEL: "loud",
      ADMIN_PORT: "70000",
      ADMIN_TOKEN: "tooshort",
      API_KEYS: "a-key-of-the-web-shop, e",
      SCHEDULE_TZ: "Moon/Base",
      SIM_EMAIL_FAILURE: "1.5",
      SMTP_URL: "http://ann:hunter2@mail",
      WORKER_CONCURRENCY: "-1",
      WORKER_TYPES: "a,,b",
    });
    expect([...problems].sort()).toEqual([
      'ADMIN_PORT: expected a port from 0 to 65535, got "70000"',
      "ADMIN_TOKEN: expected at least 16 characters",
      "API_KEYS: expected keys of at least 16 characters, separated by commas",
      'LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"',
      'SCHEDULE_TZ: expected an IANA time zone like Europe/Berlin, got "Moon/Base"',
      'SIM_EMAIL_FAILURE: expected a number from 0 to 1, got "1.5"',
      "SMTP_URL: expected a URL like smtp://user:password@host:587",
      'WORKER_CONCURRENCY: expected a whole number from 1 to 1000, got "-1"',
      'WORKER_TYPES: expected names of job types, separated by commas, got "a,,b"',
    ]);
  });

  it.each([
    ["cannot be decoded", "https://shop:100%@pay.example.com"],
    ["stand without a protocol", "shop:100%@pay.example.com"],
  ])("refuses a URL whose user and password %s, without telling it", (_, PAYMENT_URL) => {
    expect(problemsOf(paymentVariables, { PAYMENT_URL })).toEqual([
      "PAYMENT_URL: expected a URL like https://user:password@payments.example.com",
    ]);
  });

  it("counts an empty variable as unset", () => {
    const environment = readEnvironment(
      { ...adminVariables, ...mailVariables },
      given({ ADMIN_PORT: "", SMTP_URL: "" }),
    );
    expect(environment.ADMIN_PORT).toBe(3001);
    expect(environment.SMTP_URL).toBeUndefined();
  });

  it("asks production for secrets and for real services", () => {
    const shape = { ...adminVariables, ...apiVariables, ...mailVariables, ...paymentVariables };
    expect(problemsOf(shape, { NODE_ENV: "production" }).map((problem) => problem.split(":")[0])).toEqual(
      ["API_KEYS", "ADMIN_TOKEN", "SMTP_URL", "PAYMENT_URL"].sort(
        (a, b) => Object.keys(shape).indexOf(a) - Object.keys(shape).indexOf(b),
      ),
    );
    const simulated = { NODE_ENV: "production", ALLOW_SIMULATED: "1" };
    expect(problemsOf({ ...mailVariables, ...paymentVariables }, simulated)).toEqual([]);
    expect(problemsOf(adminVariables, simulated)).toEqual(["ADMIN_TOKEN: required when NODE_ENV=production"]);
  });

  it("reads a file of variables, over which the process's own win unless they are empty", () => {
    const file = envFile('ADMIN_PORT=4001\nADMIN_TOKEN="from the .env file"\nLOG_LEVEL=warn\n');
    const environment = readEnvironment(adminVariables, given({ ADMIN_PORT: "4002", LOG_LEVEL: "" }, file));
    expect(environment).toMatchObject({
      ADMIN_PORT: 4002,
      ADMIN_TOKEN: "from the .env file",
      LOG_LEVEL: "warn",
    });
  });

  it("needs no file, but refuses one that cannot be read", () => {
    const folder = join(envFile(""), "..");
    expect(readEnvironment(adminVariables, given({}, join(folder, "absent"))).ADMIN_PORT).toBe(3001);
    expect(() => readEnvironment(adminVariables, given({}, folder))).toThrow(/cannot be read/);
  });

  it("hands out the values of secrets for masking", () => {
    const shape = { ...apiVariables, ...adminVariables };
    const environment = readEnvironment(
      shape,
      given({ API_KEYS: "key-a-of-the-shop, key-b-of-the-shop", ADMIN_TOKEN: "0123456789abcdef" }),
    );
    const secrets = ["key-a-of-the-shop", "key-b-of-the-shop", "0123456789abcdef"];
    expect(secretsIn(shape, environment)).toEqual(secrets);
  });
});
