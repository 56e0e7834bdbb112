import type { Health } from "../telemetry/health.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";

/** Seconds without a sign of life after which the service had better be started again. */
const LIMIT_S = 20;

/** What the server says of itself. */
export interface Condition {
  readonly health: Health;
  readonly status: StatusName | undefined;
  /** Core metrics are wanted at this moment. */
  readonly metricsWanted: boolean;
}

/**
 * Why the server makes no progress, for the watchdog; undefined while it does, or while it says
 * itself what is missing: a camera that is unplugged or a Redis that is away does not come back
 * by a restart, which would only lose the session.
 */
export function detectStall({ health, status, metricsWanted }: Condition): string | undefined {
  if (status === "CAMERA_DISCONNECTED" || status === "STOPPING") return undefined;
  const { reasons } = health.evaluate({
    frame: LIMIT_S,
    ...metricsWanted ? { metric: LIMIT_S } : {},
    ...metricsWanted && status !== "PUBLISH_DEGRADED" ? { acknowledgement: LIMIT_S } : {},
  });
  return reasons[0];
}
