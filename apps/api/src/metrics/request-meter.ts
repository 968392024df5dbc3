import type { Clock } from "@holdfast/queue-core";
import type { Metric, Sample } from "./exposition.ts";

/** Upper bounds in seconds: reads take milliseconds, an order as long as its payment. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The methods there are series for; a client could invent any number of others. */
const METHODS = new Set(["GET", "HEAD", "POST", "DELETE", "OPTIONS"]);

/** Counts requests and how long they took. */
export class RequestMeter {
  readonly #clock: Clock;
  readonly #counts = new Map<string, { readonly method: string; readonly status: number; count: number }>();
  readonly #buckets = BOUNDS.map(() => 0);
  #seconds = 0;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers a request and counts it. */
  async measure(request: Request, answer: () => Promise<Response>): Promise<Response> {
    const startMs = this.#clock.monotonic();
    const response = await answer();
    this.#add(request.method, response.status, (this.#clock.monotonic() - startMs) / 1_000);
    return response;
  }

  metrics(): readonly Metric[] {
    const buckets: Sample[] = BOUNDS.map((bound, i) => bucket(String(bound), this.#buckets[i] ?? 0));
    return [
      {
        name: "holdfast_http_requests_total",
        help: "Answered requests.",
        type: "counter",
        samples: [...this.#counts.values()].map(({ method, status, count }) => ({
          labels: { method, status: String(status) },
          value: count,
        })),
      },
      {
        name: "holdfast_http_request_seconds",
        help: "How long requests took to answer.",
        type: "histogram",
        samples: [
          ...buckets,
          bucket("+Inf", this.#count),
          { suffix: "_sum", value: this.#seconds },
          { suffix: "_count", value: this.#count },
        ],
      },
    ];
  }

  #add(sentMethod: string, status: number, seconds: number): void {
    const method = METHODS.has(sentMethod) ? sentMethod : "other";
    const key = `${method} ${status}`;
    const entry = this.#counts.get(key) ?? { method, status, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
    this.#seconds += seconds;
    this.#count += 1;
    // A bucket holds all requests up to its bound, those of the smaller buckets included.
    BOUNDS.forEach((bound, i) => {
      if (seconds <= bound) this.#buckets[i] = (this.#buckets[i] ?? 0) + 1;
    });
  }
}

function bucket(le: string, value: number): Sample {
  return { suffix: "_bucket", labels: { le }, value };
}
