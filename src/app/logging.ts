import type { LogOptions } from "../telemetry/log.ts";
import { logOptions } from "../telemetry/log_options.ts";
import type { Settings } from "./flags.ts";

/** Returns the options of the log for the settings of any command. */
export function logOptionsOf({ logging, redis, file }: Settings): LogOptions {
  return logOptions({
    ...logging,
    everyMessage: redis.enableDebugLogging || file.enableDebugLogging,
  });
}
