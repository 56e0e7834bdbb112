import type { Transport } from "../transport.ts";
import { redisFlags, redisPermissions, redisRules, type RedisSettings } from "./flags.ts";

export const redisTransport = {
  name: "redis",
  topics: { redis: redisFlags },
  rules: redisRules,
  permissions: redisPermissions,
} as const satisfies Transport<{ readonly redis: RedisSettings }>;
