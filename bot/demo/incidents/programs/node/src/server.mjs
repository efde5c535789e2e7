// The storefront: pages for customers, rendered from the shop's services.
import http from "node:http";
import * as Sentry from "@sentry/node";
import { confirmOrder } from "./orders.mjs";
import { recommend } from "./recommendations.mjs";
import { loadSession } from "./sessions.mjs";

const routes = [
  [/^\/orders\/(\d+)\/confirmation$/, "GET /orders/:number/confirmation", (user, number) => confirmOrder(number)],
  [/^\/account$/, "GET /account", (user) => loadSession(user)],
  [/^\/home$/, "GET /home", (user) => recommend(user)],
];

async function answer(request, response) {
  const user = request.headers["x-user"];
  Sentry.setUser({ id: user });
  for (const [pattern, name, page] of routes) {
    const found = pattern.exec(request.url);
    if (!found) continue;
    Sentry.setTag("transaction", name);
    try {
      response.end(JSON.stringify(await page(user, ...found.slice(1))));
    } catch (error) {
      Sentry.captureException(error, { mechanism: { handled: false, type: "middleware" } });
      response.writeHead(500).end();
    }
    return;
  }
  response.writeHead(404).end();
}

export function startStorefront() {
  return new Promise((resolve) => {
    const server = http.createServer(answer);
    server.listen(0, "127.0.0.1", () => resolve({ port: server.address().port, close: () => server.close() }));
  });
}
