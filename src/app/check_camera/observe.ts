import { UnavailableError } from "../../base/errors.ts";
import type { MonotonicUs } from "../../base/time.ts";
import type { Frame, FrameSource } from "../../capture/frame.ts";
import type { VitalsEngine, VitalsEstimate } from "../../vitals/estimate.ts";
import type { RegionSample } from "../../vision/region_sample.ts";
import type { Vision } from "../../vision/vision.ts";

/** What a source has delivered in some seconds, and what the pipeline has measured in it. */
export interface Observation {
  /** Size of the published image in pixels. */
  readonly width: number;
  readonly height: number;
  /** True if the camera delivers JPEG, which is published unchanged. */
  readonly isJpeg: boolean;
  /** Frame rate that the source declares, in frames per second. */
  readonly nominalFps?: number;
  /** Number of frames that the source lost, by gaps of their sequence. */
  readonly lostFrames: number;
  /** One sample for each frame, oldest first. */
  readonly samples: readonly RegionSample[];
  /** Estimates at intervals of 0.2 s or a frame more, oldest first. */
  readonly estimates: readonly VitalsEstimate[];
}

export interface ObserveOptions {
  readonly source: FrameSource;
  readonly vision: Pick<Vision, "observe" | "observeInOrder">;
  readonly engine: VitalsEngine;
  /** Time from the first frame on, in seconds; of a recording, its own time. */
  readonly durationS: number;
  /** Ends the observation early. */
  readonly signal: AbortSignal;
}

/** Least interval of estimates, as of `--buffer_duration`. */
const ESTIMATE_US = 200_000;
/** Time for the first frame; cameras start within 3 s. Chosen. */
const FIRST_FRAME_MS = 10_000;
/** Time after the end at which a source that has stopped delivering is left. Chosen. */
const GRACE_MS = 1000;

/**
 * Reads a source for some seconds through vision and vitals, as the server does.
 *
 * @throws {UnavailableError} if no frame arrives
 */
export async function observe(
  { source, vision, engine, durationS, signal }: ObserveOptions,
): Promise<Observation> {
  const frames = new FrameCounter();
  const samples: RegionSample[] = [];
  const estimates: VitalsEstimate[] = [];
  let nextEstimateUs = -Infinity;
  let reason = "it delivers no frames";
  using limit = new Deadline(FIRST_FRAME_MS, signal);
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await limit.race(iterator.next());
      if (next === undefined || next.done) break;
      if (next.value.kind === "disconnected") reason = next.value.reason;
      engine.setDisconnected(next.value.kind === "disconnected");
      if (next.value.kind !== "frame") continue;
      using frame = next.value.frame;
      if (samples.length === 0 && source.realtime) limit.extend(durationS * 1000 + GRACE_MS);
      frames.add(frame);
      const sample = source.realtime ? vision.observe(frame) : await vision.observeInOrder(frame);
      samples.push(sample);
      engine.push(sample);
      if (sample.timeUs >= nextEstimateUs) {
        estimates.push(engine.estimate(sample.timeUs));
        nextEstimateUs = sample.timeUs + ESTIMATE_US;
      }
      if (sample.timeUs - samples[0]!.timeUs >= durationS * 1e6) break;
    }
  } finally {
    await source[Symbol.asyncDispose]();
  }
  if (samples.length === 0) {
    throw new UnavailableError(`Cannot check ${source.description}: ${reason}`);
  }
  if (source.realtime) estimates.push(engine.estimate(lastTimeOf(samples)));
  return {
    ...frames.summary,
    ...source.nominalFps === undefined ? {} : { nominalFps: source.nominalFps },
    samples,
    estimates,
  };
}

function lastTimeOf(samples: readonly RegionSample[]): MonotonicUs {
  return samples.at(-1)!.timeUs;
}

/** The format of the newest frame, and the frames that are missing. */
class FrameCounter {
  #newest: Pick<Frame, "width" | "height" | "sequence"> | undefined;
  #isJpeg = false;
  #lost = 0;

  add({ width, height, sequence, jpeg }: Frame): void {
    if (this.#newest) this.#lost += Math.max(0, sequence - this.#newest.sequence - 1);
    this.#newest = { width, height, sequence };
    this.#isJpeg = jpeg !== undefined;
  }

  get summary() {
    const { width = 0, height = 0 } = this.#newest ?? {};
    return { width, height, isJpeg: this.#isJpeg, lostFrames: this.#lost };
  }
}

/** A time limit for promises, which can be extended, and which a signal ends. */
class Deadline implements Disposable {
  readonly #over = Promise.withResolvers<undefined>();
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout>;
  readonly #end = () => this.#over.resolve(undefined);

  constructor(ms: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#timer = setTimeout(this.#end, ms);
    signal.addEventListener("abort", this.#end);
    if (signal.aborted) this.#end();
  }

  /** Starts the time again. */
  extend(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#end, ms);
  }

  /** Returns the value of the promise, or undefined when the time is over. */
  race<T>(promise: Promise<T>): Promise<T | undefined> {
    // A source that is closed meanwhile may reject what it had promised.
    promise.catch(() => {});
    return Promise.race([promise, this.#over.promise]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.#end);
  }
}
