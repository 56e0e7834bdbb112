import type { MonotonicUs } from "../base/time.ts";
import { JpegShrinker } from "../../ffi/jpeg_shrink.ts";
import type { Frame, Image } from "../capture/frame.ts";
import { reasonOf } from "../base/errors.ts";
import type { EnvelopeFactory } from "../envelopes/envelope_factory.ts";
import type { FaceBlur } from "./face_blur.ts";
import type { Box } from "../vision/region_sample.ts";
import { quantizerScaleFor } from "./degradation.ts";
import type { FramePacing } from "./pacing.ts";
import type { Counters, CounterValue } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { Trace } from "../telemetry/trace.ts";
import type { FrameOutgoing } from "../envelopes/message.ts";

type Jpeg = Uint8Array<ArrayBuffer>;

/** Compresses the images of sources that deliver no JPEG. */
export interface ImageEncoder extends AsyncDisposable {
  /**
   * Compresses an image, which is copied before the call returns.
   *
   * @returns the JPEG, or undefined if a newer image replaced this one.
   */
  encode(image: Image): Promise<Jpeg | undefined>;
}

/** A JPEG and its size in pixels. */
interface SizedJpeg {
  readonly jpeg: Jpeg;
  readonly width: number;
  readonly height: number;
  /** Quality on the scale of libjpeg, 1 to 100; only if the JPEG was recompressed. */
  readonly quality?: number;
  /** Width divided by the original width; only if the JPEG was recompressed. */
  readonly scale?: number;
}

/** How a frame is drawn before it is published. */
export interface OfferOptions {
  /** Returns the image to publish, with an overlay; the camera's own JPEG is then not used. */
  readonly draw?: ((image: Image) => Image) | undefined;
  /** Boxes of the faces that may be in the frame, as fractions of the image. */
  readonly faces?: readonly Box[];
}

/** The bus, as far as the frame output uses it. */
export interface FrameBus {
  /** True while a sink needs frames at their full rate. */
  readonly framesWanted: boolean;
  /** Degradation of frames for a slow link, from 0 (none) to 1. */
  readonly frameDegradation: number;
  publishFrame(frame: FrameOutgoing): void;
}

/** Dependencies of {@linkcode FrameOutput}. */
export interface FrameOutputOptions {
  readonly bus: FrameBus;
  readonly encoder: ImageEncoder;
  /** Recompresses JPEGs for a slow link. @default one of the native library */
  readonly shrinker?: Pick<JpegShrinker, "shrink">;
  /** Blurs faces; a JPEG of the camera is then never published. @default none */
  readonly faceBlur?: Pick<FaceBlur, "apply"> | undefined;
  readonly pacing: FramePacing;
  /** Whether a frame that was captured then is too old to be published. @default never */
  readonly isTooOld?: (captureUs: MonotonicUs) => boolean;
  readonly envelopes: EnvelopeFactory;
  readonly counters: Counters;
  readonly log: Log;
  readonly trace?: Trace | undefined;
}

/**
 * Frames are dropped while one that was captured before this time is still in compression, in
 * microseconds. The event loop may be busy for most of it, during which a fast camera delivers
 * several frames. Chosen.
 */
const MAX_COMPRESSION_US = 100_000;
/** Frames in compression that are accepted at any frame rate. */
const MIN_IN_FLIGHT = 2;
/** Width in pixels below which frames are not scaled down for a slow link. Chosen. */
const MIN_WIDTH = 640;

/**
 * Selects the frames that are due, has them compressed and publishes them in order. Never blocks:
 * a frame that compression cannot keep up with, or that is too old when it is done, is dropped and
 * counted.
 */
export class FrameOutput {
  readonly #options: FrameOutputOptions;
  readonly #shrinker: Pick<JpegShrinker, "shrink">;
  /** Capture times of the frames in compression, oldest first. */
  readonly #inFlight: MonotonicUs[] = [];
  /** Settles when the previous frame has been published or dropped. */
  #previous: Promise<void> = Promise.resolve();
  readonly #publishedCount: CounterValue;
  /** Scale and quality of the last published frame. */
  #published: { readonly scale: number; readonly quality?: number | undefined } = { scale: 1 };

  constructor(options: FrameOutputOptions) {
    this.#options = options;
    this.#shrinker = options.shrinker ?? new JpegShrinker();
    this.#publishedCount = options.counters.counter("frames_published_total");
  }

  /** JPEG quality of the last published frame, if it was recompressed for a slow link. */
  get quality(): number | undefined {
    return this.#published.quality;
  }

  /** Returns the size in pixels at which a frame is published at present. */
  sizeOf({ width, height }: Frame): { readonly width: number; readonly height: number } {
    const { scale } = this.#published;
    return { width: Math.round(width * scale), height: Math.round(height * scale) };
  }

  /** Publishes the frame if it is due. Its pixels are not read after the call returns. */
  offer(frame: Frame, { draw, faces = [] }: OfferOptions = {}): void {
    const { bus, pacing, faceBlur } = this.#options;
    const degradation = bus.frameDegradation;
    const { timeUs } = frame;
    if (!pacing.isDue(timeUs, { wanted: bus.framesWanted, degradation })) return;
    if (this.#isBusy(timeUs)) return this.#countDropped("encoder_busy");
    if (frame.jpeg && !draw && !faceBlur) {
      // Copied, as the camera reuses the buffer after the frame is disposed.
      const original = { jpeg: frame.jpeg.slice(), width: frame.width, height: frame.height };
      if (degradation === 0 && this.#inFlight.length === 0) return this.#publish(timeUs, original);
      return this.#enqueue(timeUs, () => this.#shrink(original, degradation));
    }
    const encoded = faceBlur
      ? faceBlur.apply(frame.image, { timeUs, tracked: faces })
        .then((blurred) => blurred && this.#encode(draw ? draw(blurred) : blurred))
      : this.#encode(draw ? draw(frame.image) : frame.image);
    encoded.catch(() => {}); // handled below, when the previous frame is done
    this.#enqueue(timeUs, async () => {
      const original = await encoded;
      return original && await this.#shrink(original, degradation);
    });
  }

  /** Resolves when all offered frames were published or dropped, but at the latest after a time. */
  async flush(timeoutMs: number): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, timeoutMs);
    await Promise.race([this.#previous, timeout.promise]);
    clearTimeout(timer);
  }

  async #encode(image: Image): Promise<SizedJpeg | undefined> {
    const { width, height } = image;
    const jpeg = await this.#options.encoder.encode(image);
    return jpeg && { jpeg, width, height };
  }

  #isBusy(timeUs: MonotonicUs): boolean {
    return this.#inFlight.length >= MIN_IN_FLIGHT &&
      timeUs - this.#inFlight[0]! > MAX_COMPRESSION_US;
  }

  /** Publishes the result of `compress` after the previous frame. */
  #enqueue(timeUs: MonotonicUs, compress: () => Promise<SizedJpeg | undefined>): void {
    this.#inFlight.push(timeUs);
    this.#options.trace?.beginStep("compress", timeUs);
    this.#previous = this.#previous.then(compress)
      .then(
        (sized) => sized ? this.#publish(timeUs, sized) : this.#countDropped("encoder_newer"),
        (error) => this.#onError(error),
      )
      .finally(() => {
        this.#options.trace?.endStep("compress", timeUs);
        this.#inFlight.shift();
      });
  }

  /** Recompresses the JPEG as the degradation requires, if that makes it smaller. */
  async #shrink(original: SizedJpeg, degradation: number): Promise<SizedJpeg> {
    if (degradation === 0) return original;
    const { counters } = this.#options;
    const options = { quantizerScale: quantizerScaleFor(degradation), minWidth: MIN_WIDTH };
    const shrunk = await this.#shrinker.shrink(original.jpeg, options);
    if (!shrunk) return original;
    counters.add("frames_shrunk_total");
    return { ...shrunk, scale: shrunk.width / original.width };
  }

  #publish(timeUs: MonotonicUs, { jpeg, width, height, scale = 1, quality }: SizedJpeg): void {
    const { bus, envelopes, isTooOld } = this.#options;
    if (isTooOld?.(timeUs)) return this.#countDropped("too_old");
    this.#publishedCount.total++;
    this.#published = { scale, quality };
    const { timestamp, sequence } = envelopes.frame(timeUs);
    bus.publishFrame({
      kind: "frame",
      topic: "frame",
      timestamp,
      captureUs: timeUs,
      image: { timestamp, sequence, width, height, jpeg },
    });
  }

  #onError(error: unknown): void {
    this.#countDropped("encoder_failed");
    const message = `Cannot compress a frame: ${reasonOf(error)}`;
    this.#options.log.rateLimited("encoder_failed", 10, "warning", message);
  }

  #countDropped(reason: string): void {
    this.#options.counters.add("dropped_total", { class: "frame", reason });
  }
}
