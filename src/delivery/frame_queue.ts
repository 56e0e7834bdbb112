import { frameEnvelopeBytes } from "../envelopes/envelope.ts";
import { DeliveryStats, type QueueContext } from "./queue.ts";
import type { InFlight } from "./congestion/controller.ts";
import { BackendError, type FrameOutgoing } from "../envelopes/outgoing.ts";

export interface FrameQueueOptions {
  /** A frame older than this is not sent any more, milliseconds since its capture. */
  readonly maxFrameAgeMs: number;
  /** No more frames than these are under way at once. @default as the link asks for */
  readonly framesInFlight?: number | undefined;
}

/** How long a refused frame shows as a trouble. */
const SAY_REFUSAL_US = 3_000_000;

/** The way of frames: one waits, the newest, and as few are under way as keep the link busy. */
export class FrameQueue {
  readonly #options: FrameQueueOptions;
  readonly #context: QueueContext;
  readonly #stats: DeliveryStats;
  #waiting: FrameOutgoing | undefined;
  /** The frames under way, the oldest first: they are answered in order. */
  readonly #inFlight: { readonly sentUs: number; readonly bytes: number }[] = [];
  readonly #closing = new AbortController();
  #resting = false;
  #receivers: number | undefined;
  #refusal: { text: string; untilUs: number } | undefined;

  constructor(options: FrameQueueOptions, context: QueueContext) {
    this.#options = options;
    this.#context = context;
    this.#stats = new DeliveryStats("frame", context);
  }

  /** True unless the last frame is known to have had no receiver. */
  get wanted(): boolean {
    return this.#receivers !== 0;
  }

  /** A recent refusal of frames that the user should know about. */
  get trouble(): string | undefined {
    const { clock } = this.#context;
    return this.#refusal && clock.monotonicUs() < this.#refusal.untilUs
      ? this.#refusal.text
      : undefined;
  }

  offer(frame: FrameOutgoing): void {
    if (!this.#context.backend.ready) return this.#drop("not_connected");
    if (this.#waiting) {
      const { congestion, clock } = this.#context;
      congestion.displaced(bytesOf(this.#waiting), this.#ahead, clock.monotonicUs());
      this.#drop("displaced");
    }
    this.#waiting = frame;
    this.#pump();
  }

  /** The backend became ready or unready: its link is another one, with other receivers. */
  linkChanged(ready: boolean): void {
    const { congestion, clock, backend } = this.#context;
    if (ready) return congestion.reset(clock.monotonicUs(), backend.rttUs);
    if (this.#waiting) this.#drop("not_connected");
    this.#waiting = undefined;
    this.#receivers = undefined;
  }

  /** Sends nothing any more. */
  close(): void {
    this.#closing.abort();
  }

  #pump(): void {
    while (this.#waiting && this.#hasRoom) {
      const restUs = this.#restUs(this.#waiting);
      if (restUs > 0) return void this.#pumpAfter(restUs);
      const frame = this.#waiting;
      this.#waiting = undefined;
      if (this.#ageMs(frame) > this.#options.maxFrameAgeMs) this.#drop("too_old");
      else this.#send(frame);
    }
  }

  async #pumpAfter(restUs: number): Promise<void> {
    if (this.#resting) return;
    this.#resting = true;
    await this.#context.clock.sleep(restUs / 1000, this.#closing.signal);
    this.#resting = false;
    if (!this.#closing.signal.aborted) this.#pump();
  }

  get #hasRoom(): boolean {
    const { framesInFlight = Infinity } = this.#options;
    const { congestion, clock } = this.#context;
    return this.#inFlight.length < framesInFlight &&
      congestion.hasRoomBeside(this.#ahead, clock.monotonicUs());
  }

  get #ahead(): InFlight {
    const bytes = this.#inFlight.reduce((sum, frame) => sum + frame.bytes, 0);
    return { frames: this.#inFlight.length, bytes, oldest: this.#inFlight[0] };
  }

  #restUs(frame: FrameOutgoing): number {
    const { congestion, clock } = this.#context;
    return congestion.restUs(bytesOf(frame), clock.monotonicUs());
  }

  async #send(frame: FrameOutgoing): Promise<void> {
    const { backend, clock, congestion } = this.#context;
    const bytes = bytesOf(frame);
    const sentUs = clock.monotonicUs();
    congestion.sent(bytes, sentUs);
    this.#inFlight.push({ sentUs, bytes });
    try {
      const { receivers } = await backend.send(frame);
      const acknowledged = { sentUs, acknowledgedUs: clock.monotonicUs(), bytes };
      this.#receivers = receivers;
      congestion.frame(acknowledged);
      this.#stats.note({ ...acknowledged, receivers });
    } catch (error) {
      const refused = error instanceof BackendError && !error.retriable;
      if (refused) this.#refuse(error.message);
      this.#drop(error instanceof BackendError ? error.reason : "failed");
    } finally {
      this.#inFlight.shift();
      this.#pump();
    }
  }

  #ageMs(frame: FrameOutgoing): number {
    return (this.#context.clock.monotonicUs() - frame.captureUs) / 1000;
  }

  #refuse(text: string): void {
    this.#refusal = { text, untilUs: this.#context.clock.monotonicUs() + SAY_REFUSAL_US };
    this.#context.log.rateLimited("frame refused", 10, "warning", text);
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
