// Builds the image and runs docker-compose.yml in a container engine: HOLDFAST_DOCKER=1 asks for it.
import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../system/until.ts";
import { ComposeProject, findCompose } from "./compose-project.ts";

const BUILD_MS = 900_000;
const STEP_MS = 180_000;
const ADMIN_TOKEN = "container-test-operator-token";
const ORDERS = 60;

const engine = findCompose();
const because = "missing" in engine ? `: ${engine.missing}` : "";

interface Holder {
  readonly locked_by: string;
}

let project: ComposeProject;
let apiUrl: string;
let adminUrl: string;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new TypeError("The server listens on no port");
  return address.port;
}

async function untilHealthy(containers: number): Promise<void> {
  await until(
    async () => {
      const states = await project.states();
      const healthy = states.filter(({ Health }) => Health?.Status === "healthy");
      return healthy.length === containers;
    },
    `${containers} healthy containers`,
    STEP_MS,
  );
}

async function scale(workers: number): Promise<void> {
  await project.compose("up", "--detach", "--no-build", "--scale", `worker=${workers}`);
  await untilHealthy(workers + 3);
}

async function placeOrder(userId: string): Promise<void> {
  const body = { userId, items: [{ productId: "prod-2", quantity: 1 }], paymentToken: "tok_ok" };
  const response = await fetch(`${apiUrl}/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(201);
}

async function number(sql: string): Promise<number> {
  const [row] = await project.rows<{ n: number }>(sql);
  return row?.n ?? 0;
}

const completedOrders = (): Promise<number> =>
  number("SELECT count(*) AS n FROM orders WHERE status = 'completed'");

describe.skipIf(because !== "")(`the containers (skipped where none can run${because})`, () => {
  beforeAll(async () => {
    if ("missing" in engine) return;
    const [apiPort, adminPort] = [await freePort(), await freePort()];
    apiUrl = `http://127.0.0.1:${apiPort}`;
    adminUrl = `http://127.0.0.1:${adminPort}`;
    project = new ComposeProject(engine.command, {
      API_PORT: String(apiPort),
      ADMIN_PORT: String(adminPort),
      ADMIN_TOKEN,
      WORKER_LEASE_MS: "3000",
      SIM_PAYMENT_MS: "0",
      SIM_EMAIL_MS: "300",
      SIM_EMAIL_FAILURE: "0",
      SIM_PDF_MS: "300",
      SIM_PDF_FAILURE: "0",
      SIM_INVENTORY_MS: "100",
    });
    await project.compose("up", "--detach", "--build", "--scale", "worker=3");
  }, BUILD_MS);

  afterAll(async () => {
    await project?.remove();
  }, STEP_MS);

  it("become healthy, all four apps with three workers", { timeout: STEP_MS }, async () => {
    await untilHealthy(6);
    const response = await fetch(`${adminUrl}/admin/workers`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    const { items }: { items: { id: string }[] } = JSON.parse(await response.text());
    expect(new Set(items.map(({ id }) => id)).size).toBe(3);
  });

  it("run their node unprivileged, from one and the same image", { timeout: STEP_MS }, async () => {
    expect((await project.execInApi("id", "--user", "--name")).trim()).toBe("node");
    const images = await project.docker("inspect", "--format", "{{.Image}}", ...(await project.containers()));
    expect(new Set(images.trim().split("\n")).size).toBe(1);
  });

  it("complete every order once, though a worker is killed in the middle", { timeout: STEP_MS }, async () => {
    const stock = await number("SELECT stock AS n FROM products WHERE id = 'prod-2'");
    for (let n = 0; n < ORDERS; n++) await placeOrder(`user-${n}`);
    const victim = await until(
      async () => (await project.rows<Holder>("SELECT locked_by FROM jobs WHERE status = 'processing'"))[0],
      "a worker in the middle of its work",
    );
    // A worker's id starts with its host name, which is its container's short id.
    const container = String(victim.locked_by.split("-")[0]);
    // All but the init process, which then ends too and leaves the restart to the engine. Detached: this dies with it.
    await project.docker("exec", "--detach", container, "sh", "-c", "kill -KILL -1");
    await until(async () => (await completedOrders()) === ORDERS, `${ORDERS} completed orders`, STEP_MS);

    expect(await number("SELECT stock AS n FROM products WHERE id = 'prod-2'")).toBe(stock - ORDERS);
    const wrong = await project.rows(
      `SELECT workflow_id, type, count(*) AS n FROM workflow_jobs
       WHERE type IN ('send_order_confirmation', 'generate_invoice', 'sync_inventory')
       GROUP BY 1, 2 HAVING n <> 1 OR min(status) <> 'completed'`,
    );
    expect(wrong).toEqual([]);
    const workers = await number(
      "SELECT count(DISTINCT worker_id) AS n FROM finished WHERE status = 'completed'",
    );
    expect(workers).toBeGreaterThanOrEqual(3);
    expect((await project.docker("inspect", "--format", "{{.RestartCount}}", container)).trim()).toBe("1");
  });

  it("write mail and invoices to the volume", { timeout: STEP_MS }, async () => {
    const invoices = (await project.execInApi("ls", "/data/invoices")).trim().split("\n");
    expect(invoices.filter((name) => name.endsWith(".pdf"))).toHaveLength(ORDERS);
    const mails = (await project.execInApi("ls", "/data/outbox")).trim().split("\n");
    expect(mails.filter((name) => name.endsWith(".eml")).length).toBeGreaterThanOrEqual(ORDERS);
  });

  it("scale to five workers and back to one", { timeout: STEP_MS }, async () => {
    await scale(5);
    expect(await project.containers("worker")).toHaveLength(5);
    await scale(1);
    expect(await project.containers("worker")).toHaveLength(1);
  });

  it("stop with exit code 0 and keep what they had", { timeout: STEP_MS }, async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => placeOrder(`late-${n}`)));
    await project.compose("stop");
    const ended = (await project.states()).map(({ Status, ExitCode }) => `${Status} ${ExitCode}`);
    expect(ended).toEqual(["exited 0", "exited 0", "exited 0", "exited 0"]);

    await project.compose("start");
    await untilHealthy(4);
    await until(
      async () => (await completedOrders()) === ORDERS + 10,
      "the orders placed before the stop completed",
      STEP_MS,
    );
    expect(await project.rows("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });
});
