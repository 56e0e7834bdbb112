import type { Topic } from "../envelopes/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters, CounterValue } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import { Histogram } from "../telemetry/histogram.ts";
import type { Log } from "../telemetry/log.ts";
import type { Acknowledged, CongestionController } from "./congestion/controller.ts";
import type { Backend } from "./backend.ts";

/** What the queues of an outbox share. */
export interface QueueContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly congestion: CongestionController;
  readonly health: Health | undefined;
}

/** Upper bounds of the buckets of the acknowledgement time, in milliseconds. */
const BOUNDS_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

export interface AcknowledgedMessage extends Acknowledged {
  /** Number of receivers; undefined if the backend cannot count them. */
  readonly receivers: number | undefined;
  /** True for a metric that was sent from the backlog. */
  readonly replayed?: boolean;
}

/** Counts the delivered messages of one topic, with their bytes, latencies and receivers. */
export class DeliveryStats {
  readonly #topic: Topic;
  readonly #context: QueueContext;
  readonly #sent: CounterValue;
  readonly #replayed: CounterValue;
  readonly #bytes: CounterValue;
  readonly #latencies: Histogram;
  #receivers = 0;

  constructor(topic: Topic, context: QueueContext) {
    this.#topic = topic;
    this.#context = context;
    const { counters } = context;
    const labels = { class: topic === "frame" ? "frame" : "metric" };
    this.#sent = counters.counter("outbox_sent_total", labels);
    this.#replayed = counters.counter("outbox_replayed_total", labels);
    this.#bytes = counters.counter("outbox_sent_bytes_total", labels);
    this.#latencies = new Histogram(counters, "outbox_acknowledgement_ms", {
      bounds: BOUNDS_MS,
      labels,
    });
  }

  /** Adds an acknowledged message. */
  add({ receivers, bytes, sentUs, acknowledgedUs, replayed }: AcknowledgedMessage): void {
    this.#context.health?.record("acknowledgement");
    (replayed ? this.#replayed : this.#sent).total++;
    this.#bytes.total += bytes;
    this.#latencies.observe((acknowledgedUs - sentUs) / 1000);
    if (receivers !== undefined && receivers !== this.#receivers) this.#setReceivers(receivers);
  }

  #setReceivers(receivers: number): void {
    const { counters } = this.#context;
    const labels = { topic: this.#topic };
    // Redis disconnects a subscriber that reads too slowly: this is where the publisher sees it.
    const lost = this.#receivers - receivers;
    if (lost > 0) counters.add("outbox_receivers_lost_total", labels, lost);
    counters.set("outbox_receivers", receivers, labels);
    this.#receivers = receivers;
  }
}
