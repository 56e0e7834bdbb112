import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import type { Trace } from "../telemetry/trace.ts";
import { FrameQueue } from "./frame_queue.ts";
import { CongestionController } from "./congestion/controller.ts";
import { MetricQueue, type MetricQueueOptions } from "./metric_queue.ts";
import type { SpoolKey } from "./spool/seal.ts";
import { SpoolFolder } from "./spool/spool_folder.ts";
import type { Backend } from "./backend.ts";
import type { MetricOutgoing, Outgoing } from "../envelopes/message.ts";
import type { Sink } from "./bus.ts";

/** Limits of the queues in front of a backend. */
export interface OutboxOptions {
  /** Maximum size of the metrics backlog in memory, in bytes. @default 2 MiB */
  readonly memoryBytes?: number;
  /** Maximum size of one topic's metrics in flight, in bytes. @default 1 MiB */
  readonly bytesInFlight?: number;
  /** Metrics that wait for longer are dropped, in milliseconds. @default 24 h */
  readonly maxMetricAgeMs?: number;
  /** Maximum number of metrics of one topic replayed per second. @default 200 */
  readonly replayPerSecond?: number;
  /** Frames older than this are dropped, in milliseconds since their capture. @default 500 */
  readonly maxFrameAgeMs?: number;
  /** Folder for metrics beyond the memory limit; without it they are dropped. */
  readonly spoolFolder?: string;
  /** Encrypts what is in that folder. @default none */
  readonly spoolKey?: SpoolKey | undefined;
  /** Identifies this machine: a spool from another one is kept apart. @default none */
  readonly device?: string | undefined;
  /** Maximum size of the metrics in that folder, in bytes. @default 64 MiB */
  readonly spoolBytes?: number;
  /** Maximum number of frames in flight. @default the congestion window alone */
  readonly framesInFlight?: number;
  /** Whether frames that no client receives are sent too. @default false */
  readonly sendsFramesAlways?: boolean;
  /** Whether the backend prepares for frames at once, so that none is left out. @default false */
  readonly opensForFrames?: boolean;
  /**
   * Interval of single frames that find out whether clients receive them, where only the reply to
   * one can tell, in milliseconds; 0: none. @default 10 s
   */
  readonly idleFrameIntervalMs?: number;
}

export interface OutboxContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Notified of each core metric and each acknowledgement. */
  readonly health?: Health;
  readonly trace?: Trace | undefined;
}

/**
 * Waiting time of a core metric that counts as late, in microseconds. A status follows 0.5 s later:
 * when the newest core metric that was delivered is 2 s old.
 */
const LATE_US = 1_300_000;
const LATE_BY_LINK =
  "Core metrics arrive more than 2 s late: the broker does not respond in time, or the " +
  "network to it is too slow: lower --frame_rate and --jpeg_quality, or set --noenable_edge_metrics";
const LATE_BY_DISK =
  "Core metrics are written more than 2 s late: this machine or its disk is too busy: lower " +
  "--max_fps, or set --noenable_edge_metrics";

/** Topics of metrics, each with its share of the memory and disk limits. */
const SHARES = {
  core_metrics: 0.5,
  edge_metrics: 0.3,
  status: 0.1,
  recording_state: 0.1,
} as const satisfies Record<MetricOutgoing["topic"], number>;

/**
 * The queues in front of a backend. Metrics are sent in order and kept while they cannot be sent;
 * of frames only the newest is kept. Frames never displace or delay a queued metric.
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
  readonly #congestion: CongestionController;
  readonly #frames: FrameQueue;
  readonly #spool: SpoolFolder | undefined;
  #closing = false;
  #measuring = false;
  readonly #metrics = new Map<MetricOutgoing["topic"], MetricQueue>();

  constructor(backend: Backend, context: OutboxContext, options: OutboxOptions = {}) {
    this.#backend = backend;
    this.#context = context;
    this.#congestion = new CongestionController({
      measuresLink: backend.measure !== undefined,
      isLocal: backend.isLocal ?? false,
    });
    const queueContext = {
      ...context,
      backend,
      congestion: this.#congestion,
      health: context.health,
    };
    this.#frames = new FrameQueue({
      maxFrameAgeMs: options.maxFrameAgeMs ?? 500,
      framesInFlight: options.framesInFlight,
      sendsAlways: options.sendsFramesAlways ?? false,
      opensForFrames: options.opensForFrames ?? false,
      idleFrameIntervalMs: options.idleFrameIntervalMs ?? 10_000,
    }, queueContext);
    const { spoolFolder: path, spoolKey: key, device } = options;
    // What was measured for one channel, broker or device is never published on another.
    const identity = () => JSON.stringify({ destination: backend.destination, device });
    this.#spool = path === undefined
      ? undefined
      : new SpoolFolder({ ...context, path, identity, key });
    for (const topic of Object.keys(SHARES) as MetricOutgoing["topic"][]) {
      const queueOptions = this.#queueOptions(topic, options);
      this.#metrics.set(topic, new MetricQueue(topic, queueOptions, queueContext));
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
    this.#frames.start();
    for (const queue of this.#metrics.values()) queue.start();
    this.#backend.start();
  }

  offer(outgoing: Outgoing): void {
    if (outgoing.kind === "frame") this.#frames.offer(outgoing);
    else this.#metrics.get(outgoing.topic)?.offer(outgoing);
    if (outgoing.topic !== "core_metrics") return;
    this.#frames.discardLate();
    if (this.#congestion.measurementDue) this.#measureLink();
    this.#context.health?.record("metric");
    this.#updateGauges();
  }

  get framesWanted(): boolean {
    return this.#backend.ready && this.#frames.wanted && !this.#congestion.framesStopped;
  }

  get frameDegradation(): number {
    return this.#congestion.degradation;
  }

  get problem(): string | undefined {
    const queue = [...this.#metrics.values()].find(({ problem }) => problem);
    return this.#backend.problem ?? queue?.problem ?? this.#lateness ?? this.#frames.problem;
  }

  /** Reports that core metrics reach subscribers late; undefined while they do not. */
  get #lateness(): string | undefined {
    const waitedUs = this.#metrics.get("core_metrics")?.waitedUs ?? 0;
    if (waitedUs < LATE_US) return undefined;
    return this.#backend.isLocal ? LATE_BY_DISK : LATE_BY_LINK;
  }

  /** Bytes of metrics in memory, including those in flight. */
  get queuedBytes(): number {
    return [...this.#metrics.values()].reduce((sum, queue) => sum + queue.queuedBytes, 0);
  }

  /** Measures the link before frames return to it: a single one may delay core metrics. */
  async #measureLink(): Promise<void> {
    if (this.#measuring) return;
    this.#measuring = true;
    const measured = await this.#backend.measure?.();
    this.#measuring = false;
    this.#congestion.onLinkMeasured(measured, this.#context.clock.monotonicUs());
  }

  get #spoolBytes(): number {
    return [...this.#metrics.values()].reduce((sum, queue) => sum + queue.spoolBytes, 0);
  }

  #updateGauges(): void {
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
      await this.#backend.flush?.();
      await clock.sleep(1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#frames.close();
    await this.#backend[Symbol.asyncDispose]();
    for (const queue of this.#metrics.values()) await queue.close();
    this.#spool?.[Symbol.dispose]();
  }

  #queueOptions(topic: MetricOutgoing["topic"], options: OutboxOptions): MetricQueueOptions {
    const share = SHARES[topic];
    const { memoryBytes = 2 ** 21, spoolBytes = 2 ** 26 } = options;
    return {
      memoryBytes: memoryBytes * share,
      bytesInFlight: options.bytesInFlight ?? 2 ** 20,
      maxAgeMs: options.maxMetricAgeMs ?? 24 * 3_600_000,
      replayPerSecond: options.replayPerSecond ?? 200,
      spool: this.#spool && { folder: this.#spool, maxBytes: spoolBytes * share },
    };
  }
}
