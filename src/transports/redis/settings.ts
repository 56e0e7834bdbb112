import type { RedisSettings } from "./flags.ts";
import type { RedisOptions } from "./options.ts";

/** Converts the settings to options for the client, with passwords as plain text. */
export function redisOptions(redis: RedisSettings): RedisOptions {
  return {
    ...redis,
    password: redis.password.reveal(),
    sentinelPassword: redis.sentinelPassword.reveal(),
  };
}
