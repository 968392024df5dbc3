import { jobs } from "@holdfast/job-schemas";
import { createQueue, systemClock } from "@holdfast/queue-core";
import {
  adminVariables,
  createLogger,
  keyringOf,
  listenAddress,
  onShutdown,
  openShopStore,
  readEnvironment,
  secretsIn,
  serverVariables,
  startApp,
  startHttpServer,
  storeVariables,
} from "@holdfast/services/process";
import { keepAdminToken } from "./access/admin-token.ts";
import { Sessions } from "./access/sessions.ts";
import { createAdminApp } from "./admin-app.ts";
import { EventStreams } from "./event-streams.ts";

await startApp(async () => {
  const shape = { ...storeVariables, ...serverVariables, ...adminVariables };
  const environment = readEnvironment(shape);
  const token = environment.ADMIN_TOKEN ?? (await keepAdminToken(environment.DATA_DIR));
  const log = createLogger({
    name: "admin",
    level: environment.LOG_LEVEL,
    secrets: [token, ...secretsIn(shape, environment)],
  });

  const store = await openShopStore(environment, { log });
  const queue = createQueue({ store, jobs, ...keyringOf(environment) });
  const streams = new EventStreams({ queue, log });
  const app = createAdminApp({
    queue,
    token,
    sessions: new Sessions(systemClock),
    streams,
    mayDecrypt: environment.ADMIN_MAY_DECRYPT,
    log,
  });
  const server = await startHttpServer({
    fetch: app.fetch,
    port: environment.ADMIN_PORT,
    hostname: listenAddress(environment),
    log,
  });
  onShutdown(log, async () => {
    await streams.close();
    await server.close();
    await store.close();
  });

  log.info({ url: server.url }, "admin listening");
  // Past the logger, which would mask it. Production has other ways to hand out a token.
  if (environment.NODE_ENV !== "production") console.log(`Dashboard: ${server.url}/login?token=${token}`);
});
