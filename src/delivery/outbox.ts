import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { FrameQueue } from "./frame_queue.ts";
import { CongestionController } from "./congestion/controller.ts";
import { MetricQueue, type MetricQueueOptions } from "./metric_queue.ts";
import type { Backend, MetricOutgoing, Outgoing } from "../envelopes/outgoing.ts";
import type { Sink } from "./bus.ts";

/** Bounds of what waits for a backend. */
export interface OutboxOptions {
  /** The most bytes of late metrics kept in memory. @default 2 MiB */
  readonly memoryBytes?: number;
  /** The most bytes of metrics of one topic that are sent before one is acknowledged. @default 1 MiB */
  readonly bytesInFlight?: number;
  /** Metrics that could not be sent for so long are given up, milliseconds. @default 24 h */
  readonly maxMetricAgeMs?: number;
  /** The most late metrics of a topic sent in a second. @default 200 */
  readonly replayPerSecond?: number;
  /** A frame older than this is not sent any more, milliseconds since its capture. @default 500 */
  readonly maxFrameAgeMs?: number;
  /** The folder for late metrics that the memory does not hold; absent for none. */
  readonly spoolFolder?: string;
  /** The most bytes of late metrics kept there. @default 64 MiB */
  readonly spoolBytes?: number;
  /** Frames sent before one is acknowledged. @default as few as keep the link busy */
  readonly framesInFlight?: number;
}

export interface OutboxContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Is told of core metrics and of acknowledgements. */
  readonly health?: Health;
}

/** Every topic of metrics, with its share of the memory. */
const SHARES = {
  core_metrics: 0.5,
  edge_metrics: 0.3,
  status: 0.1,
  recording_state: 0.1,
} as const satisfies Record<MetricOutgoing["topic"], number>;

/**
 * What stands in front of every backend: metrics in order, kept while they cannot be sent; of
 * frames the newest. A frame never takes the place of a metric nor its turn.
 *
 * @example
 * ```ts
 * await using outbox = new Outbox(backend, { clock, counters, log });
 * outbox.start();
 * outbox.offer({ kind: "metric", topic: "status", timestamp, bytes });
 * ```
 */
export class Outbox implements Sink, AsyncDisposable {
  readonly #backend: Backend;
  readonly #context: OutboxContext;
  readonly #congestion = new CongestionController();
  readonly #frames: FrameQueue;
  #closing = false;
  readonly #metrics = new Map<MetricOutgoing["topic"], MetricQueue>();

  constructor(backend: Backend, context: OutboxContext, options: OutboxOptions = {}) {
    this.#backend = backend;
    this.#context = context;
    const queue = { ...context, backend, congestion: this.#congestion, health: context.health };
    this.#frames = new FrameQueue({
      maxFrameAgeMs: options.maxFrameAgeMs ?? 500,
      framesInFlight: options.framesInFlight,
    }, queue);
    for (const topic of Object.keys(SHARES) as MetricOutgoing["topic"][]) {
      this.#metrics.set(topic, new MetricQueue(topic, queueOptions(topic, options), queue));
    }
  }

  start(): void {
    let connections = 0;
    this.#backend.onReady((ready) => {
      if (this.#closing) return;
      if (ready && ++connections > 1) this.#context.counters.add("outbox_reconnects_total");
      this.#frames.linkChanged(ready);
      for (const queue of this.#metrics.values()) queue.linkChanged(ready);
    });
    for (const queue of this.#metrics.values()) queue.start();
    this.#backend.start();
  }

  offer(outgoing: Outgoing): void {
    if (outgoing.kind === "frame") this.#frames.offer(outgoing);
    else this.#metrics.get(outgoing.topic)?.offer(outgoing);
    if (outgoing.topic !== "core_metrics") return;
    this.#context.health?.record("metric");
    this.#showGauges();
  }

  get framesWanted(): boolean {
    return this.#backend.ready && this.#frames.wanted;
  }

  get frameDegradation(): number {
    return this.#congestion.degradation;
  }

  get trouble(): string | undefined {
    const queue = [...this.#metrics.values()].find(({ trouble }) => trouble);
    return this.#backend.trouble ?? queue?.trouble ?? this.#frames.trouble;
  }

  /** Bytes of metrics in memory, those under way included. */
  get queuedBytes(): number {
    return [...this.#metrics.values()].reduce((sum, queue) => sum + queue.queuedBytes, 0);
  }

  get #spoolBytes(): number {
    return [...this.#metrics.values()].reduce((sum, queue) => sum + queue.spoolBytes, 0);
  }

  #showGauges(): void {
    const { counters } = this.#context;
    counters.set("outbox_queue_bytes", this.queuedBytes);
    counters.set("outbox_spool_bytes", this.#spoolBytes);
    counters.set("outbox_frame_degradation", this.#congestion.degradation);
  }

  async flush(ms: number): Promise<void> {
    const { clock } = this.#context;
    const untilUs = clock.monotonicUs() + ms * 1000;
    const queues = [...this.#metrics.values()];
    while (!queues.every((queue) => queue.idle) && clock.monotonicUs() < untilUs) {
      await clock.sleep(5);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#frames.close();
    await this.#backend[Symbol.asyncDispose]();
    for (const queue of this.#metrics.values()) await queue.close();
  }
}

function queueOptions(topic: MetricOutgoing["topic"], options: OutboxOptions): MetricQueueOptions {
  const share = SHARES[topic];
  const { memoryBytes = 2 ** 21, spoolFolder, spoolBytes = 2 ** 26 } = options;
  return {
    memoryBytes: memoryBytes * share,
    bytesInFlight: options.bytesInFlight ?? 2 ** 20,
    maxAgeMs: options.maxMetricAgeMs ?? 24 * 3_600_000,
    replayPerSecond: options.replayPerSecond ?? 200,
    ...(spoolFolder === undefined
      ? {}
      : { spool: { folder: `${spoolFolder}/${topic}`, maxBytes: spoolBytes * share } }),
  };
}
