import type { Backend } from "../delivery/backend.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { CommandQueue } from "../transports/redis/command_queue.ts";
import type { RedisOptions } from "../transports/redis/options.ts";
import { RedisBackend } from "../transports/redis/redis_backend.ts";
import { SharedConnection } from "./shared_connection.ts";

/** Time over which the connections for recording commands begin, in milliseconds per device. */
const START_MS = 5;

/** The connections of a fleet. */
export interface Publishers extends AsyncDisposable {
  /** How many there are when all are usable. */
  readonly total: number;
  /** How many are usable. */
  readonly ready: number;
  /** Connections begun so far, with those that failed. */
  readonly attempts: number;
  /** Returns the backend of a device, which starts with its outbox. */
  backendFor(device: Device): Backend;
  /** Publishes messages of many devices: shared connections send them at once. */
  batch(publish: () => void): void;
  /** Starts connecting; call it when all devices have started. */
  start(): void;
}

/** A device by its position in the fleet and its key prefix. */
export interface Device {
  readonly index: number;
  readonly prefix: string;
}

/** Opens `count` connections that the devices share. */
export function sharedPublishers(
  options: RedisOptions,
  { count, log }: { readonly count: number; readonly log: Log },
): Publishers {
  const connections = Array.from({ length: count }, () => new SharedConnection(options, { log }));
  return {
    total: count,
    get ready() {
      return connections.filter(({ ready }) => ready).length;
    },
    get attempts() {
      return connections.reduce((sum, { attempts }) => sum + attempts, 0);
    },
    backendFor: ({ index, prefix }) => connections[index % count]!.backendFor(prefix),
    batch: (publish) =>
      connections.reduceRight((inner, each) => () => each.batch(inner), publish)(),
    start() {
      for (const connection of connections) connection.start();
    },
    async [Symbol.asyncDispose]() {
      for (const connection of connections) await connection[Symbol.asyncDispose]();
    },
  };
}

/**
 * Opens the connections of the server for each device: metrics, recording commands, which it takes and
 * ignores, and frames, which are open only while some are sent.
 */
export function ownPublishers(
  options: RedisOptions,
  { devices, clock, log }: {
    readonly devices: number;
    readonly clock: Clock;
    readonly log: Log;
  },
): Publishers {
  const backends: RedisBackend[] = [];
  const queues: CommandQueue[] = [];
  const starts: ReturnType<typeof setTimeout>[] = [];
  const spreadMs = () => Math.random() * devices * START_MS;
  return {
    total: 2 * devices,
    get ready() {
      return [...backends, ...queues].filter(({ ready }) => ready).length;
    },
    get attempts() {
      return [...backends, ...queues].reduce((sum, { attempts }) => sum + attempts, 0);
    },
    backendFor({ prefix }) {
      const own = { ...options, keyPrefix: prefix };
      const backend = new RedisBackend(own, { log });
      backends.push(backend);
      queues.push(
        new CommandQueue(own, {
          log,
          clock,
          mayReconnect: () => backend.ready,
          onCommand: () => {},
        }),
      );
      return backend;
    },
    batch: (publish) => publish(),
    start() {
      for (const queue of queues) starts.push(setTimeout(() => queue.start(), spreadMs()));
    },
    async [Symbol.asyncDispose]() {
      for (const start of starts) clearTimeout(start);
      // The outboxes dispose of the backends.
      await Promise.all(queues.map((queue) => queue[Symbol.asyncDispose]()));
    },
  };
}
