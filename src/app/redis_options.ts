import type { Settings } from "../config/flags.ts";
import type { RedisOptions } from "../transports/redis/options.ts";

/** The settings as the Redis room wants them: the same keys, and the passwords in the clear. */
export function redisOptions(redis: Settings["redis"]): RedisOptions {
  return {
    ...redis,
    password: redis.password.reveal(),
    sentinelPassword: redis.sentinelPassword.reveal(),
  };
}
