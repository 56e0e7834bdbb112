import { frameEnvelopeBytes } from "../envelopes/envelope.ts";
import { DeliveryStats, type QueueContext } from "./queue.ts";
import type { InFlight } from "./congestion/controller.ts";
import { BackendError } from "./backend.ts";
import { FrameDemandTracker } from "./frame_demand.ts";
import type { FrameOutgoing } from "../envelopes/message.ts";

export interface FrameQueueOptions {
  /** Frames older than this are dropped, in milliseconds since their capture. */
  readonly maxFrameAgeMs: number;
  /** Maximum number of frames in flight. @default the congestion window alone */
  readonly framesInFlight?: number | undefined;
  /** Whether frames without a receiver are sent too. */
  readonly sendsAlways: boolean;
  /** Whether the backend prepares for frames at once, not for the first one. */
  readonly opensForFrames: boolean;
  /** See `FrameDemandTracker`. */
  readonly idleFrameIntervalMs: number;
}

/** How long the rejection of a frame is reported as a problem, in microseconds. */
const REJECTION_SHOWN_US = 3_000_000;

/** Frames in flight for longer are discarded once frames have stopped, in microseconds. Chosen. */
const LATE_FRAME_US = 500_000;

/** Queue of frames with room for one, the newest, sent as the congestion controller allows. */
export class FrameQueue {
  readonly #options: FrameQueueOptions;
  readonly #context: QueueContext;
  readonly #stats: DeliveryStats;
  #queued: FrameOutgoing | undefined;
  /** Frames in flight, oldest first. A frame that is rejected at once ends before older ones. */
  readonly #inFlight = new Set<{ readonly sentUs: number; readonly bytes: number }>();
  readonly #closing = new AbortController();
  readonly #demand: FrameDemandTracker | undefined;
  #pacing = false;
  #rejection: { readonly message: string; readonly untilUs: number } | undefined;

  constructor(options: FrameQueueOptions, context: QueueContext) {
    this.#options = options;
    this.#context = context;
    this.#stats = new DeliveryStats("frame", context);
    this.#demand = options.sendsAlways ? undefined : new FrameDemandTracker(context, options);
  }

  start(): void {
    if (this.#options.opensForFrames) this.#context.backend.openForFrames?.();
    void this.#demand?.start();
  }

  /** Whether the next frame should be offered. */
  get wanted(): boolean {
    return this.#demand?.wanted ?? true;
  }

  /** Why frames were rejected, for a short time after it happened. */
  get problem(): string | undefined {
    const { clock } = this.#context;
    return this.#rejection && clock.monotonicUs() < this.#rejection.untilUs
      ? this.#rejection.message
      : undefined;
  }

  /** Queues a frame in place of the one that waits, if any. One that no client receives is ignored. */
  offer(frame: FrameOutgoing): void {
    const { backend, congestion, clock } = this.#context;
    if (!backend.ready) return this.#drop("not_connected");
    if (!this.wanted) return;
    if (congestion.framesStopped) return this.#drop("slow_link");
    if (backend.openForFrames?.() === false) return;
    if (this.#queued) {
      congestion.onFrameDisplaced(
        bytesOf(this.#queued),
        this.#inFlightTotals,
        clock.monotonicUs(),
      );
      this.#takeQueued();
      this.#drop("displaced");
    }
    this.#context.trace?.beginStep("queue", frame.captureUs);
    this.#queued = frame;
    this.#demand?.onFrameTaken();
    this.#pump();
  }

  /** Call when the backend becomes ready or unready. Each connection starts from scratch. */
  linkChanged(ready: boolean): void {
    const { congestion, clock, backend } = this.#context;
    this.#demand?.linkChanged(ready);
    if (ready) return congestion.reset(clock.monotonicUs(), backend.measured);
    if (this.#takeQueued()) this.#drop("not_connected");
  }

  /** Call regularly: discards frames in flight that delay metrics on a link that became slow. */
  discardLate(): void {
    const { backend, congestion, clock } = this.#context;
    const [oldest] = this.#inFlight;
    if (!oldest || !congestion.framesStopped) return;
    if (clock.monotonicUs() - oldest.sentUs > LATE_FRAME_US) backend.discardFrames?.();
  }

  /** Stops sending. */
  close(): void {
    this.#closing.abort();
    this.#demand?.close();
    this.#takeQueued();
  }

  #takeQueued(): FrameOutgoing | undefined {
    const frame = this.#queued;
    if (frame) this.#context.trace?.endStep("queue", frame.captureUs);
    this.#queued = undefined;
    return frame;
  }

  #pump(): void {
    if (this.#context.congestion.framesStopped && this.#takeQueued()) this.#drop("slow_link");
    while (this.#queued && this.#canSend) {
      const gapUs = this.#pacingGapUs(this.#queued);
      if (gapUs > 0) return void this.#pumpAfter(gapUs);
      const frame = this.#queued;
      this.#takeQueued();
      if (this.#ageMs(frame) > this.#options.maxFrameAgeMs) this.#drop("too_old");
      else this.#send(frame);
    }
  }

  async #pumpAfter(gapUs: number): Promise<void> {
    if (this.#pacing) return;
    this.#pacing = true;
    await this.#context.clock.sleep(gapUs / 1000, this.#closing.signal);
    this.#pacing = false;
    if (!this.#closing.signal.aborted) this.#pump();
  }

  get #canSend(): boolean {
    const { framesInFlight = Infinity } = this.#options;
    const { congestion, clock } = this.#context;
    return this.#inFlight.size < framesInFlight &&
      congestion.canSend(this.#inFlightTotals, clock.monotonicUs());
  }

  get #inFlightTotals(): InFlight {
    const frames = [...this.#inFlight];
    const bytes = frames.reduce((sum, frame) => sum + frame.bytes, 0);
    return { frames: frames.length, bytes, oldest: frames[0] };
  }

  #pacingGapUs(frame: FrameOutgoing): number {
    const { congestion, clock } = this.#context;
    return congestion.pacingGapUs(bytesOf(frame), clock.monotonicUs());
  }

  async #send(frame: FrameOutgoing): Promise<void> {
    const { backend, clock, congestion, trace } = this.#context;
    const bytes = bytesOf(frame);
    trace?.beginStep("send frame", frame.captureUs);
    const sentUs = clock.monotonicUs();
    congestion.onFrameSent(bytes, sentUs);
    const sent = { sentUs, bytes };
    this.#inFlight.add(sent);
    try {
      const { receivers, subscribersMoving } = await backend.send(frame);
      const acknowledged = { ...sent, acknowledgedUs: clock.monotonicUs() };
      if (!subscribersMoving) this.#demand?.onDelivered(receivers);
      congestion.onFrameAcknowledged(acknowledged);
      const latencyUs = acknowledged.acknowledgedUs - frame.captureUs;
      this.#stats.add({ ...acknowledged, receivers, latencyUs });
    } catch (error) {
      const isRejection = error instanceof BackendError && !error.retriable;
      if (isRejection) this.#onRejected(error.message);
      this.#drop(error instanceof BackendError ? error.reason : "failed");
    } finally {
      trace?.endStep("send frame", frame.captureUs);
      this.#inFlight.delete(sent);
      this.#pump();
    }
  }

  #ageMs(frame: FrameOutgoing): number {
    return (this.#context.clock.monotonicUs() - frame.captureUs) / 1000;
  }

  #onRejected(message: string): void {
    const untilUs = this.#context.clock.monotonicUs() + REJECTION_SHOWN_US;
    this.#rejection = { message, untilUs };
    this.#context.log.rateLimited("frame rejected", 10, "warning", message);
  }

  #drop(reason: string): void {
    const { counters, log } = this.#context;
    counters.add("outbox_dropped_total", { class: "frame", reason });
    log.rateLimited(`dropped frame ${reason}`, 10, "info", "Dropped frames", { reason });
  }
}

function bytesOf({ image }: FrameOutgoing): number {
  return frameEnvelopeBytes(image.jpeg.length);
}
