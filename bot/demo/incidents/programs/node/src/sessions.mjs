// Sessions live in the cache.
import net from "node:net";

export function cacheConnection(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

export async function loadSession(id, port) {
  let connection;
  try {
    connection = await cacheConnection(port);
  } catch (error) {
    throw new Error(`session ${id} could not be loaded from cache.internal:${port}`, { cause: error });
  }
  return connection;
}
