import { readFileSync, writeFileSync } from "node:fs";
import type { BarResult } from "../bar.ts";
import type { BenchOptions } from "../options.ts";
import type { PeerHost } from "../peers/peer-host.ts";
import { drawChart, seriesOf } from "./chart.ts";
import { describeMachine, versionOf } from "./machine.ts";
import { checkPage, updatePage } from "./page.ts";

const PAGE = new URL("../../../docs/performance.md", import.meta.url);
const CHART = new URL("../../../docs/performance.svg", import.meta.url);

/** @throws {PageUnfitError} before minutes have been spent on figures that can't be written */
export function checkWritable({ only }: BenchOptions): void {
  checkPage(readFileSync(PAGE, "utf8"), describeMachine(), only);
}

/** Writes the figures into the page, and the chart if the backlogs were measured. */
export async function writeFigures(
  results: readonly BarResult[],
  { size }: BenchOptions,
  peers: PeerHost,
): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const on = size === "full" ? day : `${day}, ${size}`;
  const seen = {
    machine: describeMachine(),
    on,
    results,
    peers: peers.isAsked ? await describePeers(peers) : null,
  };
  writeFileSync(PAGE, updatePage(readFileSync(PAGE, "utf8"), seen));
  const backlog = results.find(({ id }) => id === "P5");
  if (backlog) writeFileSync(CHART, drawChart(seriesOf(backlog.runs), `medians, ${on}`));
}

async function describePeers(peers: PeerHost): Promise<readonly string[]> {
  const ready = await peers.ready();
  const versions = Object.entries(await peers.versions());
  const lines = ready.map(({ name, npmName, settings }) => `${name} ${versionOf(npmName)}: ${settings}`);
  const servers = versions.map(([name, version]) => `${name} ${version}`).join(", ");
  return [...lines, ...peers.skipped, ...(servers === "" ? [] : [`Servers: ${servers}`])];
}
