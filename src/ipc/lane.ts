import type { Topic } from "../envelope/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import { observe } from "../telemetry/histogram.ts";
import type { Log } from "../telemetry/log.ts";
import type { Acknowledged, LinkLoad } from "./link_load.ts";
import type { Backend } from "./outgoing.ts";

/** What the lanes of an outbox share. */
export interface LaneContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly load: LinkLoad;
  readonly health: Health | undefined;
}

const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export interface AcknowledgedMessage extends Acknowledged {
  readonly topic: Topic;
  readonly receivers: number | undefined;
  /** True for a metric that was late. */
  readonly replayed?: boolean;
}

/** Counts a message that arrived, with its bytes, its wait and its receivers. */
export function countAcknowledged(
  { counters, health }: LaneContext,
  { topic, receivers, bytes, sentUs, acknowledgedUs, replayed }: AcknowledgedMessage,
): void {
  const labels = { class: topic === "frame" ? "frame" : "metric" };
  health?.note("acknowledgement");
  counters.add(replayed ? "outbox_replayed_total" : "outbox_sent_total", labels);
  counters.add("outbox_sent_bytes_total", labels, bytes);
  const value = (acknowledgedUs - sentUs) / 1000;
  observe(counters, "outbox_acknowledgement_ms", { value, bounds: BOUNDS_MS, labels });
  if (receivers === undefined) return;
  // A subscriber that reads too slowly is cut off by Redis: here is where that shows.
  const lost = counters.get("outbox_receivers", { topic }) - receivers;
  if (lost > 0) counters.add("outbox_receivers_lost_total", { topic }, lost);
  counters.set("outbox_receivers", receivers, { topic });
}
