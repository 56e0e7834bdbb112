import type { Topic } from "../envelopes/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters, CounterValue } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import type { Histogram } from "../telemetry/histogram.ts";
import type { Log } from "../telemetry/log.ts";
import type { Trace } from "../telemetry/trace.ts";
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
  readonly trace?: Trace | undefined;
}

export interface AcknowledgedMessage extends Acknowledged {
  /** Number of receivers; undefined if the backend cannot count them. */
  readonly receivers: number | undefined;
  /** True for a metric that was sent from the backlog. */
  readonly replayed?: boolean;
  /** Time from the capture of the data to the acknowledgement. */
  readonly latencyUs?: number;
}

/** Counts the delivered messages of one topic, with their bytes, latencies and receivers. */
export class DeliveryStats {
  readonly #topic: Topic;
  readonly #context: QueueContext;
  readonly #sent: CounterValue;
  readonly #replayed: CounterValue;
  readonly #bytes: CounterValue;
  readonly #acknowledgements: Histogram;
  /** Undefined for topics that describe no frame. */
  readonly #latencies: Histogram | undefined;
  #receivers = 0;

  constructor(topic: Topic, context: QueueContext) {
    this.#topic = topic;
    this.#context = context;
    const { counters } = context;
    const labels = { class: topic === "frame" ? "frame" : "metric" };
    this.#sent = counters.counter("outbox_sent_total", labels);
    this.#replayed = counters.counter("outbox_replayed_total", labels);
    this.#bytes = counters.counter("outbox_sent_bytes_total", labels);
    this.#acknowledgements = counters.histogram("outbox_acknowledgement_seconds", labels);
    this.#latencies = topic === "status" || topic === "recording_state"
      ? undefined
      : counters.histogram("publication_latency_seconds", { topic });
  }

  /** Adds an acknowledged message. */
  add(message: AcknowledgedMessage): void {
    const { receivers, bytes, sentUs, acknowledgedUs, replayed, latencyUs } = message;
    this.#context.health?.record("acknowledgement");
    (replayed ? this.#replayed : this.#sent).total++;
    this.#bytes.total += bytes;
    this.#acknowledgements.observe((acknowledgedUs - sentUs) / 1e6);
    if (latencyUs !== undefined && !replayed) {
      // A step of the system clock would give a negative time.
      this.#latencies?.observe(Math.max(0, latencyUs) / 1e6);
    }
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
