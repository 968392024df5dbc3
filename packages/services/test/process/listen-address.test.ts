import { expect, it } from "vitest";
import { listenAddress } from "../../src/process/listen-address.ts";

it.each([
  ["development answers this machine alone", { NODE_ENV: "development" }, "127.0.0.1"],
  ["production answers on all interfaces", { NODE_ENV: "production" }, undefined],
  ["HOST wins in development", { NODE_ENV: "development", HOST: "0.0.0.0" }, "0.0.0.0"],
  ["HOST wins in production", { NODE_ENV: "production", HOST: "10.0.0.1" }, "10.0.0.1"],
])("%s", (_, environment, address) => {
  expect(listenAddress(environment)).toBe(address);
});
