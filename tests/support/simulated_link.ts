import { BIT_RATE_PER_STEP, frameRateFactorFor } from "../../src/frames/degradation.ts";
import { FramePacing } from "../../src/frames/pacing.ts";
import type { CongestionController } from "../../src/delivery/congestion/controller.ts";

export interface SimulatedLinkOptions {
  /** Frame rate of the camera, in frames per second. @default 30 */
  readonly fps?: number;
  /** Size of a frame without degradation. */
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
 * Simulates a camera and its metrics on one bottleneck link with an unbounded queue. Frames are
 * sent as a `CongestionController` allows. `options` may change while it runs.
 */
export class SimulatedLink {
  options: SimulatedLinkOptions;
  readonly #congestion: CongestionController;
  readonly #pacing = new FramePacing({ policy: "always" });
  #nowUs = 0;
  /** When the bottleneck has transmitted its queue. */
  #linkFreeUs = 0;
  #nextFrameUs = 0;
  #nextMetricUs = 0;
  /** Size of the frame that waits to be sent, in bytes. */
  #queuedBytes: number | undefined;
  readonly #frames: Message[] = [];
  readonly #metrics: Message[] = [];

  constructor(congestion: CongestionController, options: SimulatedLinkOptions) {
    this.#congestion = congestion;
    this.options = options;
  }

  /** Advances the simulated time; a `stalled` link transmits nothing, as a radio may. */
  run(seconds: number, { stalled = false } = {}) {
    const result = { sent: 0, displaced: 0, maxMetricDelayMs: 0 };
    const endUs = this.#nowUs + seconds * 1e6;
    if (stalled) this.#linkFreeUs = Math.max(this.#linkFreeUs, endUs);
    for (; this.#nowUs < endUs; this.#nowUs += 1000) {
      for (const metric of this.#takeAcknowledged(this.#metrics)) {
        this.#congestion.onMetricAcknowledged(metric);
        const delayMs = (metric.acknowledgedUs - metric.sentUs) / 1000 - this.options.rttMs / 2;
        result.maxMetricDelayMs = Math.max(result.maxMetricDelayMs, delayMs);
      }
      for (const frame of this.#takeAcknowledged(this.#frames)) {
        this.#congestion.onFrameAcknowledged(frame);
      }
      if (this.#nowUs >= this.#nextMetricUs) {
        this.#nextMetricUs += METRIC_INTERVAL_US;
        this.#metrics.push(this.#transmit(METRIC_BYTES));
      }
      const frameBytes = this.#nextFrameBytes();
      if (frameBytes !== undefined) {
        if (this.#queuedBytes !== undefined) {
          result.displaced++;
          this.#congestion.onFrameDisplaced(this.#queuedBytes, this.#inFlight, this.#nowUs);
        }
        this.#queuedBytes = frameBytes;
      }
      if (this.#sendFrame()) result.sent++;
    }
    return result;
  }

  /** Size of the frame that is published now, in bytes; undefined if none is. */
  #nextFrameBytes(): number | undefined {
    if (this.#nowUs < this.#nextFrameUs) return undefined;
    const { fps = 30, frameBytes } = this.options;
    this.#nextFrameUs += 1e6 / fps;
    const { degradation } = this.#congestion;
    if (!this.#pacing.isDue(this.#nowUs, { wanted: true, degradation })) return undefined;
    // The frame rate contributes its share of the degradation, the quality the rest.
    return frameBytes * BIT_RATE_PER_STEP ** (10 * degradation) / frameRateFactorFor(degradation);
  }

  #sendFrame(): boolean {
    const bytes = this.#queuedBytes;
    if (bytes === undefined) return false;
    if (!this.#congestion.canSend(this.#inFlight, this.#nowUs)) return false;
    if (this.#congestion.pacingGapUs(bytes, this.#nowUs) > 0) return false;
    this.#queuedBytes = undefined;
    this.#congestion.onFrameSent(bytes, this.#nowUs);
    this.#frames.push(this.#transmit(bytes));
    return true;
  }

  get #inFlight() {
    const bytes = this.#frames.reduce((sum, frame) => sum + frame.bytes, 0);
    return { frames: this.#frames.length, bytes, oldest: this.#frames[0] };
  }

  #transmit(bytes: number): Message {
    const { bytesPerSecond, rttMs } = this.options;
    this.#linkFreeUs = Math.max(this.#linkFreeUs, this.#nowUs) + bytes / bytesPerSecond * 1e6;
    return { sentUs: this.#nowUs, bytes, acknowledgedUs: this.#linkFreeUs + rttMs * 1000 };
  }

  #takeAcknowledged(messages: Message[]): Message[] {
    const count = messages.findIndex(({ acknowledgedUs }) => acknowledgedUs > this.#nowUs);
    return messages.splice(0, count < 0 ? messages.length : count);
  }
}
