import { ConfigError } from "../../base/errors.ts";
import type { Transport } from "../transport.ts";
import { redisFlags, redisPermissions, redisRules, type RedisSettings } from "./flags.ts";
import { explainRedisError } from "./redis_error.ts";
import { redisOptions } from "./settings.ts";

/** Publishing to Redis: channels, or keys and streams. */
export const redisTransport = {
  name: "redis",
  topics: { redis: redisFlags },
  rules: redisRules,
  permissions: redisPermissions,
  async check({ redis }) {
    if (!redis.tls) return;
    const { endpointOf, tlsSettings } = await import("./client.ts");
    const options = redisOptions(redis);
    try {
      tlsSettings(options);
    } catch (cause) {
      const { message } = explainRedisError(cause, endpointOf(options));
      throw new ConfigError(message, { cause });
    }
  },
  async open({ redis }, context) {
    const { RedisBackend } = await import("./redis_backend.ts");
    const { CommandQueue } = await import("./command_queue.ts");
    const backend = new RedisBackend(redisOptions(redis), context);
    const queues = redis.commandQueue
      ? [
        new CommandQueue(redisOptions(redis), {
          ...context,
          mayReconnect: () => backend.ready,
          onCommand: (bytes) => context.commands.handle(bytes, "redis"),
        }),
      ]
      : [];
    for (const queue of queues) queue.start();
    return {
      backend,
      receivers: queues,
      reload({ redis }) {
        for (const part of [backend, ...queues]) part.reload(redisOptions(redis));
      },
    };
  },
} as const satisfies Transport<{ readonly redis: RedisSettings }>;
