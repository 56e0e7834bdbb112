import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import { type Backend, BackendError, type FrameOutgoing } from "./outgoing.ts";

export interface FrameLaneOptions {
  /** A frame older than this is not sent any more, milliseconds since its capture. */
  readonly maxFrameAgeMs: number;
  /** Frames that may be under way at once. */
  readonly framesUnderWay: number;
}

export interface LaneContext {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
}

/** How long a refused frame shows as a trouble. */
const SAY_REFUSAL_US = 3_000_000;

/** The way of frames: one waits, the newest, and few are under way. */
export class FrameLane {
  readonly #options: FrameLaneOptions;
  readonly #context: LaneContext;
  #waiting: FrameOutgoing | undefined;
  #underWay = 0;
  #receivers: number | undefined;
  #refusal: { text: string; untilUs: number } | undefined;

  constructor(options: FrameLaneOptions, context: LaneContext) {
    this.#options = options;
    this.#context = context;
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
    if (this.#waiting) this.#drop("displaced");
    this.#waiting = frame;
    this.#pump();
  }

  /** Forgets what waits and who received: the link is another one now. */
  reset(): void {
    if (this.#waiting) this.#drop("not_connected");
    this.#waiting = undefined;
    this.#receivers = undefined;
  }

  #pump(): void {
    while (this.#waiting && this.#underWay < this.#options.framesUnderWay) {
      const frame = this.#waiting;
      this.#waiting = undefined;
      if (this.#ageMs(frame) > this.#options.maxFrameAgeMs) this.#drop("too_old");
      else this.#send(frame);
    }
  }

  async #send(frame: FrameOutgoing): Promise<void> {
    const { backend, counters } = this.#context;
    this.#underWay++;
    try {
      const { receivers } = await backend.send(frame);
      this.#receivers = receivers;
      counters.add("outbox_sent_total", { class: "frame" });
      counters.add("outbox_sent_bytes_total", { class: "frame" }, frame.image.jpeg.length);
      if (receivers !== undefined) {
        counters.set("outbox_receivers", receivers, { topic: frame.topic });
      }
    } catch (error) {
      const refused = error instanceof BackendError && !error.retriable;
      if (refused) this.#refuse(error.message);
      this.#drop(error instanceof BackendError ? error.reason : "failed");
    } finally {
      this.#underWay--;
      this.#pump();
    }
  }

  #ageMs(frame: FrameOutgoing): number {
    return (this.#context.clock.monotonicUs() - frame.captureUs) / 1000;
  }

  #refuse(text: string): void {
    this.#refusal = { text, untilUs: this.#context.clock.monotonicUs() + SAY_REFUSAL_US };
    this.#context.log.limited("frame refused", 10, "warning", text);
  }

  #drop(reason: string): void {
    const { counters, log } = this.#context;
    counters.add("outbox_dropped_total", { class: "frame", reason });
    log.limited(`dropped frame ${reason}`, 10, "debug", "Dropped a frame", { reason });
  }
}
