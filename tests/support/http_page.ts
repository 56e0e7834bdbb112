import { HttpServer, type HttpServerOptions } from "../../src/web/http_server.ts";
import { Hub } from "../../src/web/hub.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { silentLog } from "../../src/telemetry/log.ts";

/** A token of sufficient length. */
export const TOKEN = "a secret of 16 characters";

/** Starts the server of a page on a free port of 127.0.0.1. */
export async function startPage(options: Partial<HttpServerOptions> = {}) {
  const counters = new Counters();
  const server = new HttpServer({
    address: "127.0.0.1",
    port: 0,
    token: TOKEN,
    hub: new Hub(),
    metrics: () => counters.families(),
    counters,
    log: silentLog,
    health: () => ({ healthy: false, agesS: {}, reasons: ["Redis at ward-7 is away"] }),
    onCommand: () => true,
    ...options,
  });
  await server.start();
  const { port } = server;
  return {
    server,
    counters,
    port,
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Sends a request as text on a connection of its own, and returns the answer. */
export async function exchange(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}
