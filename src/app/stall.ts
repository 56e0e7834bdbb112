import type { Health } from "../telemetry/health.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";

/** Maximum age of each health event before the server counts as stalled, in seconds. Chosen. */
const MAX_AGE_S = 20;

/** State of the server, as far as the watchdog needs it. */
export interface ServerState {
  readonly health: Health;
  readonly status: StatusName | undefined;
  /** True while core metrics are published. */
  readonly metricsWanted: boolean;
}

/**
 * Returns the reason why the server makes no progress, for the watchdog; undefined while it does.
 *
 * A disconnected camera and an unreachable Redis are no stall: the status reports them, and a
 * restart would not bring them back but end the session.
 */
export function detectStall({ health, status, metricsWanted }: ServerState): string | undefined {
  if (status === "CAMERA_DISCONNECTED" || status === "STOPPING") return undefined;
  const { reasons } = health.evaluate({
    frame: MAX_AGE_S,
    ...metricsWanted ? { metric: MAX_AGE_S } : {},
    ...metricsWanted && status !== "PUBLISH_DEGRADED" ? { acknowledgement: MAX_AGE_S } : {},
  });
  return reasons[0];
}
