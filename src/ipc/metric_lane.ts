import { Backlog, type Waiting } from "./backlog.ts";
import type { LaneContext } from "./frame_lane.ts";
import { BackendError, type MetricOutgoing } from "./outgoing.ts";
import { markReplayed } from "./replayed.ts";
import { Wakeup } from "./wakeup.ts";

export interface MetricLaneOptions {
  /** The most bytes of late metrics kept in memory for this topic. */
  readonly memoryBytes: number;
  /** The most bytes of live metrics under way at once. */
  readonly bytesUnderWay: number;
  /** Late metrics older than this are given up, milliseconds. */
  readonly maxAgeMs: number;
  /** The most late metrics sent in a second. */
  readonly replayPerSecond: number;
}

/** Late metrics sent before waiting for their acknowledgements. */
const REPLAY_BATCH = 16;
/** The pause before asking again whether somebody receives, milliseconds. */
const PROBE_MS = 500;

/**
 * The way of one topic's metrics, in order. What cannot be sent, and what was sent to nobody
 * after the link was lost, waits in the backlog and is replayed once somebody receives.
 */
export class MetricLane {
  readonly topic: MetricOutgoing["topic"];
  readonly #options: MetricLaneOptions;
  readonly #context: LaneContext;
  readonly #backlog = new Backlog();
  readonly #wakeup = new Wakeup();
  #ticket = 0;
  #underWay = 0;
  #underWayBytes = 0;
  #hadReceivers = false;
  /** Set while subscribers are expected back after a lost link. */
  #missing = false;
  /** The last try to replay found nobody who receives. */
  #unreceived = false;
  readonly #closing = new AbortController();
  #replaying: Promise<void> | undefined;

  constructor(topic: MetricOutgoing["topic"], options: MetricLaneOptions, context: LaneContext) {
    this.topic = topic;
    this.#options = options;
    this.#context = context;
  }

  start(): void {
    this.#replaying = this.#replayLoop();
  }

  get queuedBytes(): number {
    return this.#backlog.bytes + this.#underWayBytes;
  }

  /** True where nothing is under way and nothing waits that could be sent now. */
  get idle(): boolean {
    const stuck = !this.#context.backend.ready || this.#unreceived;
    return this.#underWay === 0 && (this.#backlog.length === 0 || stuck);
  }

  offer(outgoing: MetricOutgoing): void {
    const entry = { ticket: ++this.#ticket, outgoing };
    const { backend } = this.#context;
    const mustWait = backend.inOrder && this.#backlog.length > 0;
    const full = this.#underWayBytes + outgoing.bytes.length > this.#options.bytesUnderWay &&
      this.#underWay > 0;
    if (!backend.ready || mustWait || full) this.#keep(entry);
    else this.#sendLive(entry);
  }

  /** The backend became ready or unready. */
  linkChanged(ready: boolean): void {
    if (!ready) this.#missing ||= this.#hadReceivers;
    this.#wakeup.ring();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wakeup.ring();
    await this.#replaying;
  }

  async #sendLive(entry: Waiting): Promise<void> {
    const { outgoing } = entry;
    this.#underWay++;
    this.#underWayBytes += outgoing.bytes.length;
    try {
      const { receivers } = await this.#context.backend.send(outgoing);
      this.#noteReceivers(receivers);
      if (receivers === 0 && (this.#missing || this.#backlog.length > 0)) this.#keep(entry);
      else this.#countSent(outgoing, "outbox_sent_total");
    } catch (error) {
      this.#failed(entry, error);
    } finally {
      this.#underWay--;
      this.#underWayBytes -= outgoing.bytes.length;
    }
  }

  #noteReceivers(receivers: number | undefined): void {
    if (receivers === undefined) return;
    this.#context.counters.set("outbox_receivers", receivers, { topic: this.topic });
    this.#hadReceivers = receivers > 0;
    if (!this.#hadReceivers) return;
    this.#missing = false;
    if (this.#backlog.length > 0) this.#wakeup.ring();
  }

  #failed(entry: Waiting, error: unknown): void {
    if (error instanceof BackendError && !error.retriable) {
      this.#drop(error.reason, 1, error.message);
    } else this.#keep(entry);
  }

  #keep(entry: Waiting): void {
    this.#backlog.insert(entry);
    this.#trim();
    this.#wakeup.ring();
  }

  #trim(): void {
    const { memoryBytes, maxAgeMs } = this.#options;
    const { clock } = this.#context;
    let full = 0;
    while (this.#backlog.bytes > memoryBytes && this.#backlog.length > 1) {
      full += this.#backlog.remove(1).length;
    }
    if (full > 0) this.#drop("queue_full", full);
    const oldestUs = clock.wallUs(clock.monotonicUs()) - maxAgeMs * 1000;
    let old = 0;
    while ((this.#backlog.oldest?.outgoing.timestamp ?? oldestUs) < oldestUs) {
      old += this.#backlog.remove(1).length;
    }
    if (old > 0) this.#drop("too_old", old);
  }

  async #replayLoop(): Promise<void> {
    const { backend, clock } = this.#context;
    while (!this.#closing.signal.aborted) {
      if (this.#backlog.length === 0 || !backend.ready) {
        await this.#wakeup.wait(clock, 3_600_000);
        continue;
      }
      const startedUs = clock.monotonicUs();
      this.#trim();
      const { sent, complete } = await this.#replayBatch();
      this.#unreceived = !complete;
      const pauseMs = complete
        ? sent / this.#replayPerMs - (clock.monotonicUs() - startedUs) / 1000
        : PROBE_MS;
      if (pauseMs > 0) await clock.sleep(pauseMs, this.#closing.signal);
    }
  }

  /** Where live metrics wait for the late ones, these hurry. */
  get #replayPerMs(): number {
    return this.#options.replayPerSecond / 1000 * (this.#context.backend.inOrder ? 10 : 1);
  }

  /** Sends the oldest few; only those before the first that nobody got are taken out. */
  async #replayBatch(): Promise<{ sent: number; complete: boolean }> {
    // A single one first: whether anybody receives is not known before.
    const certain = this.#hadReceivers || this.#context.backend.inOrder;
    const batch = this.#backlog.first(certain ? REPLAY_BATCH : 1);
    const results = await Promise.allSettled(
      batch.map(({ outgoing }) =>
        this.#context.backend.send({ ...outgoing, bytes: markReplayed(outgoing.bytes) })
      ),
    );
    let sent = 0;
    for (const [index, result] of results.entries()) {
      const entry = batch[index];
      if (!entry || !this.#settled(entry, result)) break;
      sent++;
    }
    this.#remove(batch.slice(0, sent));
    return { sent, complete: sent === batch.length };
  }

  #settled(
    { outgoing }: Waiting,
    result: PromiseSettledResult<{ receivers?: number }>,
  ): boolean {
    if (result.status === "rejected") {
      const refused = result.reason instanceof BackendError && !result.reason.retriable;
      if (refused) this.#drop(result.reason.reason, 1, result.reason.message);
      return refused;
    }
    const { receivers } = result.value;
    if (receivers !== undefined) this.#hadReceivers = receivers > 0;
    if (receivers === 0) return false;
    this.#missing = false;
    this.#countSent(outgoing, "outbox_replayed_total");
    return true;
  }

  /** The backlog may have been trimmed meanwhile: only what is still there is taken out. */
  #remove(done: readonly Waiting[]): void {
    const last = done.at(-1)?.ticket ?? 0;
    while ((this.#backlog.oldest?.ticket ?? Infinity) <= last) this.#backlog.remove(1);
  }

  #countSent(outgoing: MetricOutgoing, name: string): void {
    const { counters } = this.#context;
    counters.add(name, { class: "metric" });
    counters.add("outbox_sent_bytes_total", { class: "metric" }, outgoing.bytes.length);
  }

  #drop(reason: string, count: number, why?: string): void {
    const { counters, log } = this.#context;
    counters.add("outbox_dropped_total", { class: "metric", reason }, count);
    log.limited(
      `dropped metric ${reason}`,
      10,
      "warning",
      why ?? `Dropped metrics of ${this.topic}`,
      { reason, count },
    );
  }
}
