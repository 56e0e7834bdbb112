import { FramePacing, rateShareOf, SHARE_OF_A_TENTH } from "../../src/frames/pacing.ts";
import type { CongestionController } from "../../src/delivery/congestion/controller.ts";

export interface SimulatedLinkOptions {
  /** The camera's frames a second. @default 30 */
  readonly fps?: number;
  /** The bytes of a frame that is not reduced. */
  readonly frameBytes: number;
  readonly bytesPerSecond: number;
  readonly rttMs: number;
}

interface Message {
  readonly sentUs: number;
  readonly bytes: number;
  readonly acknowledgedUs: number;
}

const METRIC_BYTES = 500;
const METRIC_INTERVAL_US = 200_000;

/**
 * A camera and its metrics on one narrow link with a queue that never drops, in simulated time,
 * where frames go as a `CongestionController` allows. Change `options` while it runs.
 */
export class SimulatedLink {
  options: SimulatedLinkOptions;
  readonly #load: CongestionController;
  readonly #pacing = new FramePacing({ policy: "always" });
  #nowUs = 0;
  /** When the narrow place has sent what is in its queue. */
  #freeUs = 0;
  #nextFrameUs = 0;
  #nextMetricUs = 0;
  #waiting: number | undefined;
  readonly #frames: Message[] = [];
  readonly #metrics: Message[] = [];

  constructor(load: CongestionController, options: SimulatedLinkOptions) {
    this.#load = load;
    this.options = options;
  }

  /** Lets time pass; the link may stand still, as a radio does, for all of it. */
  run(seconds: number, { standing = false } = {}) {
    const seen = { sent: 0, displaced: 0, latestMetricMs: 0 };
    const endUs = this.#nowUs + seconds * 1e6;
    if (standing) this.#freeUs = Math.max(this.#freeUs, endUs);
    for (; this.#nowUs < endUs; this.#nowUs += 1000) {
      for (const metric of this.#arrived(this.#metrics)) {
        this.#load.metric(metric);
        const lateMs = (metric.acknowledgedUs - metric.sentUs) / 1000 -
          this.options.rttMs / 2;
        seen.latestMetricMs = Math.max(seen.latestMetricMs, lateMs);
      }
      for (const frame of this.#arrived(this.#frames)) this.#load.frame(frame);
      if (this.#nowUs >= this.#nextMetricUs) {
        this.#nextMetricUs += METRIC_INTERVAL_US;
        this.#metrics.push(this.#carry(METRIC_BYTES));
      }
      const frame = this.#takeFrame();
      if (frame !== undefined) {
        if (this.#waiting !== undefined) {
          seen.displaced++;
          this.#load.displaced(this.#waiting, this.#inFlight, this.#nowUs);
        }
        this.#waiting = frame;
      }
      if (this.#pump()) seen.sent++;
    }
    return seen;
  }

  /** The bytes of a frame that is to be published now. */
  #takeFrame(): number | undefined {
    if (this.#nowUs < this.#nextFrameUs) return undefined;
    const { fps = 30, frameBytes } = this.options;
    this.#nextFrameUs += 1e6 / fps;
    const { degradation } = this.#load;
    if (!this.#pacing.isDue(this.#nowUs, { wanted: true, degradation })) return undefined;
    // The rate gives its part of the reduction, the quality the rest.
    return frameBytes * SHARE_OF_A_TENTH ** (10 * degradation) / rateShareOf(degradation);
  }

  #pump(): boolean {
    const bytes = this.#waiting;
    if (bytes === undefined || !this.#load.hasRoomBeside(this.#inFlight, this.#nowUs)) return false;
    if (this.#load.restUs(bytes, this.#nowUs) > 0) return false;
    this.#waiting = undefined;
    this.#load.sent(bytes, this.#nowUs);
    this.#frames.push(this.#carry(bytes));
    return true;
  }

  get #inFlight() {
    const bytes = this.#frames.reduce((sum, frame) => sum + frame.bytes, 0);
    return { frames: this.#frames.length, bytes, oldest: this.#frames[0] };
  }

  #carry(bytes: number): Message {
    const { bytesPerSecond, rttMs } = this.options;
    this.#freeUs = Math.max(this.#freeUs, this.#nowUs) + bytes / bytesPerSecond * 1e6;
    return { sentUs: this.#nowUs, bytes, acknowledgedUs: this.#freeUs + rttMs * 1000 };
  }

  #arrived(messages: Message[]): Message[] {
    const count = messages.findIndex(({ acknowledgedUs }) => acknowledgedUs > this.#nowUs);
    return messages.splice(0, count < 0 ? messages.length : count);
  }
}
