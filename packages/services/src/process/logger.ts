import { type DestinationStream, type Logger, type LoggerOptions, pino } from "pino";

export interface LogSettings {
  /** Which app speaks; `name` in every line. */
  readonly name: string;
  readonly level: string;
  /** Values masked wherever they stand in a line, see `secretsIn`. */
  readonly secrets?: readonly string[];
  /** Standard output by default. */
  readonly destination?: DestinationStream;
}

const MASK = "[redacted]";

/** Keys whose values are never logged, in any case and at any depth, `-` and `_` ignored. */
const SECRET_KEYS = [
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "password",
  "passwd",
  "pass",
  "secret",
  "clientsecret",
  "signingsecret",
  "token",
  "accesstoken",
  "refreshtoken",
  "paymenttoken",
  "admintoken",
  "apikey",
  "apikeys",
  "xapikey",
  "privatekey",
  "credentials",
  "smtpurl",
];

// Works on the finished line, because pino's own redaction needs every path spelt out to its depth and doesn't reach
// the bindings of child loggers. A value is a string, a number or word, or a flat list of them.
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const spelt = (key: string): string => key.split("").join("[-_]?");
const SECRET_MEMBER = new RegExp(
  String.raw`"(${SECRET_KEYS.map(spelt).join("|")})":(?:${STRING}|\[(?:${STRING}|[^"[\]{}])*\]|[^"[\]{},]+)`,
  "gi",
);
/** `scheme://user:password@`: the user's name may stay, RFC 3986 section 3.2.1. */
const URL_PASSWORD = /(:\/\/[^/?#\s"@:]*):[^/?#\s"@]+@/g;
const BEARER = /\b(bearer|basic)\s+[\w.~+/-]{8,}=*/gi;

/**
 * Creates the JSON logger of an app. Secrets are masked by key, as passwords in URLs, as credentials after `Bearer`,
 * and by value.
 */
export function createLogger({ name, level, secrets = [], destination }: LogSettings): Logger {
  // As they stand inside a JSON string; the longest first, so that none is cut by another that it contains.
  const values = secrets
    .filter((secret) => secret.length > 0)
    .map((secret) => JSON.stringify(secret).slice(1, -1))
    .sort((a, b) => b.length - a.length);
  const options: LoggerOptions = {
    name,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: { streamWrite: (line) => maskSecrets(line, values) },
  };
  return destination ? pino(options, destination) : pino(options);
}

function maskSecrets(line: string, values: readonly string[]): string {
  const byShape = line
    .replace(SECRET_MEMBER, `"$1":"${MASK}"`)
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(BEARER, `$1 ${MASK}`);
  return values.reduce((masked, value) => masked.replaceAll(value, MASK), byShape);
}
