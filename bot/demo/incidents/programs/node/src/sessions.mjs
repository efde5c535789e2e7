// Sessions live in the cache.
import net from "node:net";
import * as Sentry from "@sentry/node";

const CACHE = { name: "cache.internal", host: "127.0.0.1", port: 6398 };

export function cacheConnection(cache) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: cache.host, port: cache.port });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

export async function loadSession(user) {
  Sentry.addBreadcrumb({ category: "session", message: `loading the session of ${user}`, level: "info" });
  try {
    const connection = await cacheConnection(CACHE);
    return { user, connection: connection.remoteAddress };
  } catch (error) {
    throw new Error(`session of ${user} could not be loaded from ${CACHE.name}:${CACHE.port}`, { cause: error });
  }
}
