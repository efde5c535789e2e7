// Runs one scenario under the real SDK: run.mjs SCENARIO DSN
import * as Sentry from "@sentry/node";
import { pathToFileURL } from "node:url";

const [scenario, dsn] = process.argv.slice(2);
Sentry.init({
  dsn,
  release: process.env.SHOP_RELEASE,
  environment: "production",
  serverName: "web-3",
  includeLocalVariables: true,
});

const scenarios = {
  async bad_deploy() {
    const { confirmOrder } = await import("./src/orders.mjs");
    Sentry.setUser({ id: "guest-901" });
    Sentry.setTag("transaction", "GET /orders/:number/confirmation");
    Sentry.addBreadcrumb({ category: "http", message: "GET /api/orders/88121", level: "info" });
    await confirmOrder("88121");
  },
  async cache_down() {
    const { loadSession } = await import("./src/sessions.mjs");
    Sentry.setTag("transaction", "GET /account");
    await loadSession("s-4411", 6398);
  },
  async html_for_json() {
    const { recommend } = await import("./src/recommendations.mjs");
    Sentry.setTag("transaction", "GET /home");
    await recommend("u-12");
  },
  async minified() {
    await import(pathToFileURL(process.env.SHOP_BUNDLE).href);
    Sentry.setTag("transaction", "widget");
    globalThis.mountWidget({});
  },
};

try {
  await scenarios[scenario]();
} catch (error) {
  Sentry.captureException(error);
}
await Sentry.flush(5000);
