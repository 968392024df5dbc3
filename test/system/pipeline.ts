import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type AppName, READY_MESSAGES } from "../../scripts/app-ready.ts";
import { AppProcess } from "./app-process.ts";

export interface OrderBody {
  readonly userId?: unknown;
  readonly email?: unknown;
  readonly items?: unknown;
  readonly paymentToken?: unknown;
}

/** An HTTP answer with its parsed body. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

export interface OrderView {
  readonly id: string;
  readonly status: string;
  readonly totalCents: number;
  readonly workflowId: string;
  readonly items: readonly {
    readonly productId: string;
    readonly quantity: number;
    readonly priceCents: number;
  }[];
  readonly jobs: readonly {
    readonly id: string;
    readonly type: string;
    readonly status: string;
    readonly attempts: number;
    readonly lastError: string | null;
  }[];
}

const ADMIN_TOKEN = "system-test-operator-token";

/** The whole system on a fresh folder: real processes, one SQLite file, free ports. */
export class Pipeline {
  readonly folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #processes: AppProcess[] = [];
  #apiUrl = "";
  #adminUrl = "";

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#environment = {
      NODE_ENV: "development",
      DATABASE_URL: `file:${join(folder, "shop.db")}`,
      DATA_DIR: folder,
      INVOICE_DIR: join(folder, "invoices"),
      API_PORT: "0",
      ADMIN_PORT: "0",
      ADMIN_TOKEN,
      WORKER_LEASE_MS: "2000",
      WEBHOOK_ALLOW_PRIVATE: "1",
      SIM_PAYMENT_MS: "0",
      SIM_PDF_MS: "0",
      SIM_PDF_FAILURE: "0",
      SIM_INVENTORY_MS: "0",
      SIM_EMAIL_MS: "0",
      SIM_EMAIL_FAILURE: "0",
      ...environment,
    };
  }

  static async create(environment: Readonly<Record<string, string>> = {}): Promise<Pipeline> {
    return new Pipeline(await mkdtemp(join(tmpdir(), "holdfast-system-")), environment);
  }

  /** Starts an app and waits until it says that it is ready. */
  async start(name: AppName, environment: Readonly<Record<string, string>> = {}): Promise<AppProcess> {
    const app = new AppProcess(name, { ...this.#environment, ...environment });
    this.#processes.push(app);
    const { url } = await app.logged(READY_MESSAGES[name]);
    if (name === "api") this.#apiUrl = String(url);
    if (name === "admin") this.#adminUrl = String(url);
    return app;
  }

  async startAll(): Promise<Record<AppName, AppProcess>> {
    const [api, worker, scheduler, admin] = await Promise.all(
      (["api", "worker", "scheduler", "admin"] as const).map((name) => this.start(name)),
    );
    if (!api || !worker || !scheduler || !admin) throw new Error("Not all four apps were started");
    return { api, worker, scheduler, admin };
  }

  get apiUrl(): string {
    return this.#apiUrl;
  }

  postOrder(body: OrderBody, headers: Readonly<Record<string, string>> = {}): Promise<Answer<OrderView>> {
    return request<OrderView>(`${this.#apiUrl}/orders`, "POST", body, headers);
  }

  api<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    return request<Body>(`${this.#apiUrl}${path}`, method, body);
  }

  admin<Body>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    return request<Body>(`${this.#adminUrl}${path}`, method, body, {
      authorization: `Bearer ${ADMIN_TOKEN}`,
    });
  }

  async order(id: string): Promise<OrderView> {
    return (await this.api<OrderView>("GET", `/orders/${id}`)).body;
  }

  /** Rows of the shared database, read on a connection of its own. */
  rows<Row>(sql: string, ...parameters: unknown[]): Row[] {
    const database = new Database(join(this.folder, "shop.db"), { readonly: true, timeout: 5_000 });
    try {
      return database.prepare(sql).all(...parameters) as Row[];
    } finally {
      database.close();
    }
  }

  /** Everything the processes wrote, for a failing test's message. */
  tail(): string {
    return this.#processes.map((app) => `--- ${app.name}\n${app.tail()}`).join("\n");
  }

  /** Ends whatever still runs. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((app) => app.end("SIGKILL")));
  }

  /** Ends whatever still runs and removes the folder. */
  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function request<Body>(
  url: string,
  method: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<Body>> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text ? JSON.parse(text) : null) as Body,
  };
}
