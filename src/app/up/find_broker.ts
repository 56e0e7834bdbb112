import { keepSecret } from "../../base/kept_secret.ts";
import type { Log } from "../../telemetry/log.ts";
import { DEFAULT_REDIS_OPTIONS } from "../../transports/redis/options.ts";
import { EmbeddedBroker } from "./embedded_broker.ts";
import { probeRedis } from "./probe_redis.ts";

/** The broker that `up` uses if no flag, variable or file names one. */
export interface FoundBroker extends AsyncDisposable {
  readonly port: number;
  /** Absent for a Redis that needs none. */
  readonly password?: { readonly path: string; readonly value: string };
  /** Lines for the user. */
  readonly lines: readonly string[];
}

export interface FindBrokerOptions {
  /** The state folder. */
  readonly folder: string;
  readonly log: Log;
  /** Port at which a Redis is looked for, and that the embedded broker prefers. @default 6379 */
  readonly port?: number;
  /** True starts the embedded broker even if there is a Redis. @default false */
  readonly own?: boolean;
}

/**
 * Finds a Redis on this machine, or starts the embedded broker.
 *
 * @throws {UnavailableError} if neither is available
 */
export async function findBroker(
  { folder, log, port = DEFAULT_REDIS_OPTIONS.port, own = false }: FindBrokerOptions,
): Promise<FoundBroker> {
  const presence = own ? "none" : await probeRedis({ port });
  if (presence === "ready") {
    return {
      port,
      lines: [`Broker: the Redis at 127.0.0.1:${port}`],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const password = await keepSecret(folder, "redis_password");
  const broker = await EmbeddedBroker.start({
    folder,
    password: password.value,
    preferredPort: port,
    log,
  });
  return {
    port: broker.port,
    password,
    lines: [
      ...presence === "password"
        ? [
          `Broker: the Redis at 127.0.0.1:${port} needs a password: to use it, stop and add ` +
          "--redis_password_file=FILE",
        ]
        : [],
      `Broker: started a Valkey at 127.0.0.1:${broker.port}, which ends with this program`,
    ],
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}
