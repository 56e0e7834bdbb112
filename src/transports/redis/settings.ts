import type { RedisSettings } from "./flags.ts";
import type { RedisOptions } from "./options.ts";

/** The settings as the Redis room wants them: the same keys, and the passwords in the clear. */
export function redisOptions(redis: RedisSettings): RedisOptions {
  return {
    ...redis,
    password: redis.password.reveal(),
    sentinelPassword: redis.sentinelPassword.reveal(),
  };
}
