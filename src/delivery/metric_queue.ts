import { reasonOf } from "../base/errors.ts";
import { SubscriberPresence } from "./subscriber_presence.ts";
import { Backlog, type Waiting } from "./backlog.ts";
import type { SpoolRecord } from "./spool/record.ts";
import { Spool } from "./spool/spool.ts";
import { DeliveryStats, type QueueContext } from "./queue.ts";
import { BackendError, type Delivery, type MetricOutgoing } from "../envelopes/outgoing.ts";
import { markReplayed } from "./replayed.ts";
import { RecentAcks } from "./recent_acks.ts";
import { Wakeup } from "./wakeup.ts";

export interface MetricQueueOptions {
  /** The most bytes of late metrics kept in memory for this topic. */
  readonly memoryBytes: number;
  /** The most bytes of live metrics under way at once. */
  readonly bytesInFlight: number;
  /** Late metrics older than this are given up, milliseconds. */
  readonly maxAgeMs: number;
  /** The most late metrics sent in a second. */
  readonly replayPerSecond: number;
  /** Where metrics go that the memory does not hold; absent for nowhere. */
  readonly spool?: { readonly folder: string; readonly maxBytes: number };
}

/** Late metrics sent before waiting for their acknowledgements. */
const REPLAY_BATCH = 16;
/** The pause before asking again whether somebody receives, milliseconds. */
const PROBE_MS = 500;
/** After a lost link subscribers are expected back for so long, microseconds. */
const RETURN_US = 15 * 60_000_000;
/** Where subscribers are being moved from one server to another, for so long. */
const SETTLE_US = 5_000_000;
/** How often an idle queue looks whether something has become too old, milliseconds. */
const IDLE_MS = 60_000;

/** How a replay ended: all is gone, nobody receives, or the backend failed, perhaps for a moment. */
type Replayed = "sent" | "unreceived" | "failed";

/**
 * The way of one topic's metrics, in order. What cannot be sent, and what was sent to nobody
 * after the link was lost, waits in the backlog and is replayed once somebody receives.
 */
export class MetricQueue {
  readonly topic: MetricOutgoing["topic"];
  readonly #options: MetricQueueOptions;
  readonly #context: QueueContext;
  readonly #backlog: Backlog;
  readonly #stats: DeliveryStats;
  readonly #wakeup = new Wakeup();
  #ticket = 0;
  /** Live metrics that wait for their acknowledgement, in the order of their tickets. */
  readonly #inFlight = new Set<Waiting>();
  #inFlightBytes = 0;
  readonly #recentAcks = new RecentAcks();
  readonly #presence: SubscriberPresence;
  /** The last try to replay found nobody who receives. */
  #unreceived = false;
  readonly #closing = new AbortController();
  #working: Promise<void> | undefined;
  #trouble: string | undefined;

  constructor(topic: MetricOutgoing["topic"], options: MetricQueueOptions, context: QueueContext) {
    this.topic = topic;
    this.#options = options;
    this.#context = context;
    this.#stats = new DeliveryStats(topic, context);
    this.#presence = new SubscriberPresence(context.clock);
    const { memoryBytes, maxAgeMs } = options;
    const onDrop = (reason: string, count: number) => this.#drop(reason, count);
    const spool = options.spool && new Spool({ ...options.spool, maxAgeMs, onDrop });
    this.#backlog = new Backlog({ memoryBytes, maxAgeMs, spool, onDrop });
  }

  start(): void {
    this.#working = this.#work();
  }

  /** Bytes in memory, those under way included. */
  get queuedBytes(): number {
    return this.#backlog.memoryBytes + this.#inFlightBytes;
  }

  get spoolBytes(): number {
    return this.#backlog.spoolBytes;
  }

  /** What keeps metrics from the spool; absent while all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** True where nothing is under way and nothing waits that could be sent now. */
  get idle(): boolean {
    const stuck = !this.#context.backend.ready || this.#unreceived;
    return this.#inFlight.size === 0 && (this.#backlog.length === 0 || stuck);
  }

  offer({ timestamp, bytes }: MetricOutgoing): void {
    const { backend, clock } = this.#context;
    const entry = { ticket: ++this.#ticket, sinceUs: clock.monotonicUs(), timestamp, bytes };
    const mustWait = this.#inOrder && this.#backlog.length > 0;
    const full = this.#inFlightBytes + bytes.length > this.#options.bytesInFlight &&
      this.#inFlight.size > 0;
    if (!backend.ready || mustWait || full) this.#keep(entry);
    else this.#sendLive(entry);
  }

  /** The backend became ready or unready. */
  linkChanged(ready: boolean): void {
    const recentAcks = ready ? [] : this.#recentAcks.take(this.#context.clock.monotonicUs());
    for (const entry of recentAcks) this.#backlog.insert(entry);
    if (ready && (this.#presence.present || this.#backlog.length > 0)) {
      this.#presence.expect(RETURN_US);
    }
    this.#wakeup.ring();
  }

  /** Ends the work; call it after the backend has ended, when nothing is under way any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.ring();
    await this.#working;
    await this.#spill();
  }

  async #sendLive(entry: Waiting): Promise<void> {
    const { clock, congestion } = this.#context;
    const sentUs = clock.monotonicUs();
    this.#inFlight.add(entry);
    this.#inFlightBytes += entry.bytes.length;
    try {
      const delivery = await this.#send(entry);
      const { receivers } = delivery;
      congestion.metric({ sentUs, acknowledgedUs: clock.monotonicUs(), bytes: entry.bytes.length });
      this.#presence.note(receivers);
      if (this.#presence.present && this.#backlog.length > 0) this.#wakeup.ring();
      if (delivery.unsettled) this.#presence.expect(SETTLE_US);
      if (receivers === 0 && this.#presence.expected) this.#keep(entry);
      else this.#arrived(entry, { delivery, sentUs });
    } catch (error) {
      if (isRefusal(error)) this.#drop(error.reason, 1, error.message);
      else this.#keep(entry);
    } finally {
      this.#inFlight.delete(entry);
      this.#inFlightBytes -= entry.bytes.length;
    }
  }

  /** A change that came after a later one would leave whoever follows it in the wrong state. */
  get #inOrder(): boolean {
    return this.#context.backend.inOrder === true || this.topic === "recording_state";
  }

  #send({ timestamp, bytes }: SpoolRecord): Promise<Delivery> {
    return this.#context.backend.send({ kind: "metric", topic: this.topic, timestamp, bytes });
  }

  #keep(entry: Waiting): void {
    this.#backlog.insert(entry);
    this.#wakeup.ring();
  }

  /** The one loop that touches the spool: it spills, expires and replays in turns. */
  async #work(): Promise<void> {
    const { backend, clock } = this.#context;
    await this.#open();
    while (!this.#closing.signal.aborted) {
      if (this.#backlog.length > 0) await this.#expire();
      if (this.#backlog.overflows(clock.monotonicUs())) await this.#spill();
      if (this.#backlog.length === 0 || !backend.ready) {
        await this.#wakeup.wait(clock, IDLE_MS);
      } else await this.#replay();
    }
  }

  async #open(): Promise<void> {
    try {
      await this.#backlog.open();
    } catch (error) {
      this.#spoolFailed(error);
    }
  }

  async #expire(): Promise<void> {
    const { clock } = this.#context;
    const nowUs = clock.monotonicUs();
    try {
      await this.#backlog.expire({ nowUs, epochUs: clock.epochUs(nowUs) });
    } catch (error) {
      this.#spoolFailed(error);
    }
  }

  async #spill(): Promise<void> {
    try {
      const [inFlight] = this.#inFlight;
      await this.#backlog.spill({ inFlight: inFlight?.ticket ?? Infinity });
      this.#trouble = undefined;
    } catch (error) {
      this.#spoolFailed(error);
      await this.#context.clock.sleep(PROBE_MS, this.#closing.signal);
    }
  }

  async #replay(): Promise<void> {
    const { clock } = this.#context;
    const startedUs = clock.monotonicUs();
    const { sent, end } = await this.#replayBatch();
    this.#unreceived = end === "unreceived";
    const pauseMs = end === "sent"
      ? sent / this.#replayPerMs - (clock.monotonicUs() - startedUs) / 1000
      : PROBE_MS;
    if (pauseMs > 0) await clock.sleep(pauseMs, this.#closing.signal);
  }

  /** Where live metrics wait for the late ones, these hurry. */
  get #replayPerMs(): number {
    return this.#options.replayPerSecond / 1000 * (this.#inOrder ? 10 : 1);
  }

  /** Sends the oldest few; only those before the first that nobody got are taken out. */
  async #replayBatch(): Promise<{ sent: number; end: Replayed }> {
    try {
      // A single one first: whether anybody receives is not known before.
      const certain = this.#presence.present || this.#context.backend.inOrder;
      const batch = await this.#backlog.first(certain ? REPLAY_BATCH : 1);
      const sentUs = this.#context.clock.monotonicUs();
      const results = await Promise.allSettled(
        batch.map((late) => this.#send({ ...late, bytes: markReplayed(late.bytes) })),
      );
      let sent = 0;
      let end: Replayed = "sent";
      for (const [at, late] of batch.entries()) {
        end = this.#settle(late, { result: results[at], sentUs });
        if (end !== "sent") break;
        sent++;
      }
      await this.#backlog.remove(batch.slice(0, sent));
      return { sent, end };
    } catch (error) {
      this.#spoolFailed(error);
      return { sent: 0, end: "failed" };
    }
  }

  #settle(
    late: SpoolRecord,
    { result, sentUs }: {
      result: PromiseSettledResult<Delivery> | undefined;
      sentUs: number;
    },
  ): Replayed {
    if (result?.status !== "fulfilled") {
      const error = result?.reason;
      if (!isRefusal(error)) return "failed";
      this.#drop(error.reason, 1, error.message);
      return "sent";
    }
    const { receivers } = result.value;
    this.#presence.note(receivers);
    if (receivers === 0) return "unreceived";
    this.#arrived(late, { delivery: result.value, sentUs, replayed: true });
    return "sent";
  }

  #arrived(
    record: SpoolRecord,
    sent: { delivery: Delivery; sentUs: number; replayed?: boolean },
  ): void {
    const nowUs = this.#context.clock.monotonicUs();
    this.#stats.note({
      receivers: sent.delivery.receivers,
      bytes: record.bytes.length,
      sentUs: sent.sentUs,
      acknowledgedUs: nowUs,
      replayed: sent.replayed ?? false,
    });
    // A backend that keeps order is one that keeps what it acknowledged.
    if (!this.#context.backend.inOrder) this.#recentAcks.note(record, nowUs);
  }

  #spoolFailed(error: unknown): void {
    const why = reasonOf(error);
    this.#trouble = `Cannot keep late metrics in ${this.#options.spool?.folder}: ${why}: ` +
      "free some space, or let the server's user write there";
    this.#context.log.rateLimited("spool", 10, "warning", this.#trouble);
  }

  #drop(reason: string, count: number, why?: string): void {
    const { counters, log } = this.#context;
    const text = why ?? `Dropped metrics of ${this.topic}`;
    counters.add("outbox_dropped_total", { class: "metric", reason }, count);
    log.rateLimited(`dropped metric ${reason}`, 10, "warning", text, { reason, count });
  }
}

/** True where the same message would fail again. */
function isRefusal(error: unknown): error is BackendError {
  return error instanceof BackendError && !error.retriable;
}
