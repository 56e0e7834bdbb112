import { Outbox, type OutboxOptions } from "../../src/delivery/outbox.ts";
import { DEFAULT_REDIS_OPTIONS, type RedisOptions } from "../../src/transports/redis/options.ts";
import { RedisBackend } from "../../src/transports/redis/redis_backend.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { type Log, silentLog } from "../../src/telemetry/log.ts";
import { clock, type Received } from "./messages.ts";
import type { RedisServer } from "./redis_server.ts";

/** Returns options for a test server. */
export function optionsFor(
  server: { readonly port: number },
  more: Partial<RedisOptions> = {},
): RedisOptions {
  return { ...DEFAULT_REDIS_OPTIONS, host: "127.0.0.1", port: server.port, ...more };
}

/** Starts an outbox with a Redis backend. */
export function startOutbox(
  options: RedisOptions,
  { log = silentLog, ...outboxOptions }: OutboxOptions & { readonly log?: Log } = {},
) {
  const counters = new Counters();
  const backend = new RedisBackend(options, { log });
  const outbox = new Outbox(backend, { clock, counters, log }, outboxOptions);
  outbox.start();
  return {
    outbox,
    backend,
    counters,
    /** Whether the connection for frames is open, which it opens. */
    framesReady: () => backend.ready && backend.openForFrames(),
    /** Number of messages of a class that were dropped, for any reason. */
    dropped: (kind: "metric" | "frame") => {
      const drops = counters.all().filter(({ name, labels }) =>
        name === "outbox_dropped_total" && labels.class === kind
      );
      return drops.reduce((sum, { total }) => sum + total, 0);
    },
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  };
}

/** Subscribes to channels; returns a growing list of messages with their arrival times. */
export async function subscribe(
  server: RedisServer,
  ...channels: string[]
): Promise<(Received & { readonly arrivedUs: number })[]> {
  const received: (Received & { readonly arrivedUs: number })[] = [];
  const client = server.client();
  client.on("message", (_channel, text) => {
    received.push({ ...JSON.parse(text), arrivedUs: clock.epochUs(clock.monotonicUs()) });
  });
  await client.subscribe(...channels);
  return received;
}
