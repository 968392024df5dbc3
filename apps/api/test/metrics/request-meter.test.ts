import { FakeClock } from "@holdfast/queue-core/testing";
import { expect, it } from "vitest";
import { writeMetrics } from "../../src/metrics/exposition.ts";
import { RequestMeter } from "../../src/metrics/request-meter.ts";

it("counts by method and status, and sorts durations into buckets that hold the smaller ones", async () => {
  const clock = new FakeClock();
  const meter = new RequestMeter(clock);
  const ask = (method: string, status: number, ms: number) =>
    meter.measure(new Request("http://a/", { method }), async () => {
      clock.advance(ms);
      return new Response(null, { status });
    });
  await ask("GET", 200, 5);
  await ask("GET", 200, 20);
  await ask("POST", 202, 2_000);
  await ask("POST", 503, 20_000);
  await ask("BREW", 404, 1);
  const lines = writeMetrics(meter.metrics()).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      'holdfast_http_requests_total{method="GET",status="200"} 2',
      'holdfast_http_requests_total{method="POST",status="202"} 1',
      'holdfast_http_requests_total{method="POST",status="503"} 1',
      'holdfast_http_requests_total{method="other",status="404"} 1',
      'holdfast_http_request_seconds_bucket{le="0.005"} 2',
      'holdfast_http_request_seconds_bucket{le="0.025"} 3',
      'holdfast_http_request_seconds_bucket{le="10"} 4',
      'holdfast_http_request_seconds_bucket{le="+Inf"} 5',
      "holdfast_http_request_seconds_count 5",
    ]),
  );
});
