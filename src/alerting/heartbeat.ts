import { TimeLimit } from "../base/time_limit.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { fetchFailure } from "../transports/http/outgoing.ts";

/** Interval of requests, in milliseconds: a monitor of heartbeats can alarm after some minutes. */
const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;

export interface HeartbeatOptions {
  readonly url: URL;
  /** Returns what does not work; undefined if all is well. */
  readonly problem: () => string | undefined;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/**
 * Requests a URL every minute while the service works, until `signal` aborts. The receiver alarms if
 * the requests stop, for whatever reason.
 */
export async function sendHeartbeats(
  { url, problem, clock, log }: HeartbeatOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const reason = problem() ?? await request(url, signal);
    if (reason !== undefined && !signal.aborted) {
      log.rateLimited("alert_heartbeat", 600, "warning", "No heartbeat", { reason });
    }
    await clock.sleep(INTERVAL_MS, signal);
  }
}

/** Returns why the request failed; undefined if it did not. */
async function request(url: URL, signal: AbortSignal): Promise<string | undefined> {
  using limit = new TimeLimit(TIMEOUT_MS, signal);
  try {
    const response = await fetch(url, { redirect: "manual", signal: limit.signal });
    await response.body?.cancel();
    return response.ok ? undefined : `HTTP ${response.status}`;
  } catch (error) {
    return fetchFailure(error);
  }
}
