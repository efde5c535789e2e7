// Makes one incident happen under the real SDK: run.mjs SCENARIO DSN
import * as Sentry from "@sentry/node";
import http from "node:http";
import { pathToFileURL } from "node:url";

const [scenario, dsn] = process.argv.slice(2);
Sentry.init({
  dsn,
  release: process.env.SHOP_RELEASE,
  environment: "production",
  serverName: "web-2",
  includeLocalVariables: true,
});

const SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.1 Safari/605.1.15";
const requests = {
  bad_deploy: ["/orders/88121/confirmation", "guest-901"],
  cache_down: ["/account", "u-4411"],
  html_for_json: ["/home", "u-12"],
};

// The SDK reads local variables through a debugger that it attaches in the background.
await new Promise((resolve) => setTimeout(resolve, 1500));

if (scenario === "minified") {
  globalThis.reportError = (error) => Sentry.captureException(error);
  await import(pathToFileURL(process.env.SHOP_BUNDLE).href);
  await new Promise((resolve) => setTimeout(resolve, 50));
} else {
  const { startStorefront } = await import("./src/server.mjs");
  const { port, close } = await startStorefront();
  const [path, user] = requests[scenario];
  const headers = { host: "store.example", "x-user": user, "user-agent": SAFARI };
  await new Promise((resolve) => {
    http.get({ host: "127.0.0.1", port, path, headers, agent: false }, (answer) => answer.resume().on("end", resolve));
  });
  close();
}
await Sentry.flush(5000);
