import { epochUs } from "../base/time.ts";
import { SubscriberPresence } from "./subscriber_presence.ts";
import { Backlog, type BacklogDropReason, type QueuedMetric } from "./backlog.ts";
import type { SpoolRecord } from "./spool/record.ts";
import type { SpoolFolder } from "./spool/spool_folder.ts";
import { DeliveryStats, type QueueContext } from "./queue.ts";
import { BackendError, type Delivery } from "./backend.ts";
import type { MetricOutgoing } from "../envelopes/message.ts";
import { markReplayed } from "./replayed.ts";
import { MissedBySome } from "./missed_by_some.ts";
import { RecentAcks } from "./recent_acks.ts";
import { Wakeup } from "./wakeup.ts";

export interface MetricQueueOptions {
  /** Maximum size of this topic's backlog in memory, in bytes. */
  readonly memoryBytes: number;
  /** Maximum size of live metrics in flight, in bytes. */
  readonly bytesInFlight: number;
  /** Metrics that wait for longer are dropped, in milliseconds. */
  readonly maxAgeMs: number;
  /** Maximum number of metrics replayed per second. */
  readonly replayPerSecond: number;
  /** Stores metrics beyond the memory limit; without a spool they are dropped. */
  readonly spool?: { readonly folder: SpoolFolder; readonly maxBytes: number } | undefined;
}

/** Number of metrics replayed before their acknowledgements are awaited. */
const REPLAY_BATCH = 16;
/** Pause before a replay that failed or had no receiver is tried again, in milliseconds. */
const RETRY_MS = 500;
/** Result of a replay: all were delivered, no subscriber received one, or the backend failed. */
type ReplayOutcome = "delivered" | "no_receivers" | "failed";

/**
 * Queue of one topic's metrics, sent in order. Metrics that cannot be sent, and those that reached
 * no subscriber after the link was lost, wait in the backlog and are replayed once there is a
 * subscriber.
 */
export class MetricQueue {
  readonly topic: MetricOutgoing["topic"];
  readonly #options: MetricQueueOptions;
  readonly #context: QueueContext;
  readonly #backlog: Backlog;
  readonly #stats: DeliveryStats;
  readonly #wakeup = new Wakeup();
  #position = 0;
  /** Live metrics in flight, in the order of their positions. */
  readonly #inFlight = new Set<QueuedMetric>();
  #inFlightBytes = 0;
  readonly #recentAcks = new RecentAcks();
  readonly #missed = new MissedBySome();
  readonly #presence: SubscriberPresence;
  /** Whether the last replay had no receiver. */
  #noReceivers = false;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  /** Metrics that were in flight when the link was lost, and may have to be sent again. */
  readonly #unsettled = new Set<QueuedMetric>();

  constructor(topic: MetricOutgoing["topic"], options: MetricQueueOptions, context: QueueContext) {
    this.topic = topic;
    this.#options = options;
    this.#context = context;
    this.#stats = new DeliveryStats(topic, context);
    // The images of the time before the first connection are of no use to those that start later.
    this.#presence = new SubscriberPresence(context.clock, {
      isForLater: topic !== "edge_metrics",
    });
    this.#backlog = this.#createBacklog();
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Bytes in memory, including those in flight. */
  get queuedBytes(): number {
    return this.#backlog.memoryBytes + this.#inFlightBytes;
  }

  get spoolBytes(): number {
    return this.#backlog.spoolBytes;
  }

  /** Why the spool cannot be used as it is needed; undefined while it can. */
  get problem(): string | undefined {
    return this.#backlog.problem;
  }

  /** True if nothing is in flight and the backlog is empty or cannot be sent now. */
  get idle(): boolean {
    const blocked = !this.#context.backend.ready || this.#noReceivers;
    return this.#inFlight.size === 0 && (this.#backlog.length === 0 || blocked);
  }

  /** Sends a metric, or queues it behind those that wait. */
  offer({ timestamp, bytes }: MetricOutgoing): void {
    const { backend, clock, congestion } = this.#context;
    const nowUs = clock.monotonicUs();
    if (this.topic === "core_metrics") congestion.onMetricPending(this.waitedUs, nowUs);
    // Without a network there is no link to leave to core metrics.
    const mayThin = this.topic === "edge_metrics" && backend.measured !== undefined;
    if (mayThin && !congestion.admitsEdgeMetric()) return this.#drop("thinned");
    const entry = { position: ++this.#position, queuedUs: nowUs, timestamp, bytes };
    const mustWait = this.#strictOrder && (this.#backlog.length > 0 || this.#unsettled.size > 0);
    const full = this.#inFlightBytes + bytes.length > this.#options.bytesInFlight &&
      this.#inFlight.size > 0;
    if (!backend.ready || mustWait || full) this.#enqueue(entry);
    else this.#sendLive(entry);
  }

  /** Time for which the oldest metric in flight has waited, in microseconds; 0 without one. */
  get waitedUs(): number {
    const [oldest] = this.#inFlight;
    return oldest ? this.#context.clock.monotonicUs() - oldest.queuedUs : 0;
  }

  /** Call when the backend becomes ready or unready. */
  linkChanged(ready: boolean): void {
    if (!ready) {
      const maybeLost = this.#recentAcks.drain(this.#context.clock.monotonicUs());
      for (const entry of [...maybeLost, ...this.#missed.take(Infinity)]) {
        this.#backlog.insert(entry);
      }
    }
    if (!ready && this.#strictOrder) {
      for (const entry of this.#inFlight) this.#unsettled.add(entry);
    }
    if (ready) this.#presence.onReady({ hasWaiting: this.#backlog.length > 0 });
    this.#wakeup.notify();
  }

  /**
   * Ends the queue. Call it after the backend was disposed: what is in flight then counts as not
   * delivered, and is spooled with the backlog.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.notify();
    await this.#running;
    for (const entry of this.#inFlight) this.#backlog.insert(entry);
    this.#inFlight.clear();
    await this.#backlog.close();
  }

  #createBacklog(): Backlog {
    const { memoryBytes, maxAgeMs, spool } = this.#options;
    const { clock, log } = this.#context;
    const onDrop = (reason: BacklogDropReason, count: number) => this.#drop(reason, count);
    return new Backlog({
      memoryBytes,
      maxAgeMs,
      clock,
      onDrop,
      onProblem: (problem) => log.rateLimited("spool", 10, "warning", problem),
      spool: spool && {
        path: spool.folder.path,
        identity: () => spool.folder.identity,
        open: () => spool.folder.open(this.topic, { maxBytes: spool.maxBytes, maxAgeMs, onDrop }),
      },
    });
  }

  async #sendLive(entry: QueuedMetric): Promise<void> {
    const { clock, congestion, trace } = this.#context;
    const sentUs = clock.monotonicUs();
    trace?.beginStep(`send ${this.topic}`, entry.position);
    this.#inFlight.add(entry);
    this.#inFlightBytes += entry.bytes.length;
    try {
      const delivery = await this.#send(entry);
      const { receivers } = delivery;
      const acknowledgedUs = clock.monotonicUs();
      congestion.onMetricAcknowledged({ sentUs, acknowledgedUs, bytes: entry.bytes.length });
      this.#presence.update(receivers);
      if (this.#presence.present && this.#backlog.length > 0) this.#wakeup.notify();
      if (delivery.subscribersMoving) this.#presence.onMoving();
      if (receivers === 0 && this.#presence.shouldRetain) this.#enqueue(entry);
      else this.#onDelivered(entry, { delivery, sentUs });
    } catch (error) {
      if (isRejection(error)) this.#drop(error.reason, 1, error.message);
      else if (this.#inFlight.has(entry)) this.#enqueue(entry); // else close() has taken it
    } finally {
      trace?.endStep(`send ${this.topic}`, entry.position);
      this.#inFlight.delete(entry);
      if (this.#unsettled.delete(entry)) this.#wakeup.notify();
      this.#inFlightBytes -= entry.bytes.length;
    }
  }

  /**
   * Whether live metrics wait for the backlog. A change of the recording state that arrived after
   * a later one would leave subscribers with the wrong state.
   */
  get #strictOrder(): boolean {
    return this.#context.backend.inOrder === true || this.topic === "recording_state";
  }

  #send({ timestamp, bytes }: SpoolRecord): Promise<Delivery> {
    return this.#context.backend.send({
      kind: "metric",
      topic: this.topic,
      timestamp: epochUs(timestamp),
      bytes,
    });
  }

  #enqueue(entry: QueuedMetric): void {
    this.#backlog.insert(entry);
    this.#wakeup.notify();
  }

  /** The only loop that uses the spool: it expires, spills and replays in turns. */
  async #run(): Promise<void> {
    const { backend, clock } = this.#context;
    while (!this.#closing.signal.aborted) {
      const [oldest] = this.#inFlight;
      await this.#backlog.maintain({ before: oldest?.position ?? Infinity });
      if (this.#backlog.length === 0 || !backend.ready || this.#unsettled.size > 0) {
        await this.#wakeup.wait(clock, this.#backlog.msUntilMaintenance);
      } else await this.#replay();
    }
  }

  async #replay(): Promise<void> {
    const { clock } = this.#context;
    const startedUs = clock.monotonicUs();
    const { delivered, outcome } = await this.#replayBatch();
    this.#noReceivers = outcome === "no_receivers";
    const pauseMs = outcome === "delivered"
      ? delivered / this.#replayPerMs - (clock.monotonicUs() - startedUs) / 1000
      : RETRY_MS;
    if (pauseMs > 0) await clock.sleep(pauseMs, this.#closing.signal);
  }

  /** The replay is faster if live metrics have to wait for it, and slower on a slow link. */
  get #replayPerMs(): number {
    const { edgeInterval } = this.#context.congestion;
    return this.#options.replayPerSecond / 1000 * (this.#strictOrder ? 10 : 1) / edgeInterval;
  }

  /** Sends the oldest metrics of the backlog and removes those that were delivered in order. */
  async #replayBatch(): Promise<{ delivered: number; outcome: ReplayOutcome }> {
    // Without a known receiver, the backend is asked, or a single metric probes for one.
    const { backend } = this.#context;
    const isReceived = this.#presence.present || backend.inOrder;
    const hasNone = !isReceived && await backend.hasSubscribers?.(this.topic) === false;
    if (hasNone) return { delivered: 0, outcome: "no_receivers" };
    const count = Math.ceil(REPLAY_BATCH / this.#context.congestion.edgeInterval);
    const batch = await this.#backlog.peek(isReceived ? count : 1);
    const sentUs = this.#context.clock.monotonicUs();
    const results = await Promise.allSettled(
      batch.map((record) => this.#send({ ...record, bytes: markReplayed(record.bytes) })),
    );
    let delivered = 0;
    let outcome: ReplayOutcome = batch.length > 0 ? "delivered" : "failed";
    for (const [at, record] of batch.entries()) {
      outcome = this.#outcomeOf(record, { result: results[at], sentUs });
      if (outcome !== "delivered") break;
      delivered++;
    }
    await this.#backlog.remove(batch.slice(0, delivered));
    return { delivered, outcome };
  }

  /** Handles the result of a replayed metric. A rejected one counts as delivered: it is dropped. */
  #outcomeOf(
    record: SpoolRecord,
    { result, sentUs }: {
      result: PromiseSettledResult<Delivery> | undefined;
      sentUs: number;
    },
  ): ReplayOutcome {
    if (result?.status !== "fulfilled") {
      const error = result?.reason;
      if (!isRejection(error)) return "failed";
      this.#drop(error.reason, 1, error.message);
      return "delivered";
    }
    const { receivers } = result.value;
    this.#presence.update(receivers);
    if (receivers === 0) return "no_receivers";
    this.#onDelivered(record, { delivery: result.value, sentUs, replayed: true });
    return "delivered";
  }

  #onDelivered(
    record: SpoolRecord,
    sent: { delivery: Delivery; sentUs: number; replayed?: boolean },
  ): void {
    const { clock } = this.#context;
    const nowUs = clock.monotonicUs();
    this.#stats.add({
      receivers: sent.delivery.receivers,
      bytes: record.bytes.length,
      sentUs: sent.sentUs,
      acknowledgedUs: nowUs,
      latencyUs: clock.epochUs(nowUs) - record.timestamp,
      replayed: sent.replayed ?? false,
    });
    const { receivers = 0, subscribersMoving } = sent.delivery;
    if (subscribersMoving) return this.#missed.add(record, { receivers, nowUs });
    // A backend that requires order also stores what it acknowledges: nothing can be lost there.
    if (!this.#context.backend.inOrder) {
      if (receivers > 0 && this.#strictOrder) this.#recentAcks.removeUnreceived();
      this.#recentAcks.add(record, { receivers: sent.delivery.receivers, nowUs });
    }
    for (const entry of this.#missed.take(receivers)) this.#enqueue(entry);
  }

  #drop(reason: string, count = 1, message = "Dropped metrics"): void {
    const { counters, log } = this.#context;
    counters.add("outbox_dropped_total", { class: "metric", reason }, count);
    const fields = { topic: this.topic, reason, count };
    log.rateLimited(`dropped metric ${reason}`, 10, "warning", message, fields);
  }
}

/** Whether the same message would be rejected again. */
function isRejection(error: unknown): error is BackendError {
  return error instanceof BackendError && !error.retriable;
}
