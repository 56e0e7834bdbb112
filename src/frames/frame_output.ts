import { JpegShrinker } from "../../ffi/jpeg_shrink.ts";
import type { Frame, Image } from "../capture/frame.ts";
import { reasonOf } from "../base/errors.ts";
import type { EnvelopeFactory } from "../envelopes/envelope_factory.ts";
import { type FramePacing, quantizerScaleFor } from "./pacing.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { FrameOutgoing } from "../envelopes/message.ts";

type Jpeg = Uint8Array<ArrayBuffer>;

/** Compresses pictures whose source brings no JPEG. */
export interface JpegEncoding extends AsyncDisposable {
  /**
   * Copies the picture before it returns, and resolves with its JPEG, or with undefined where it
   * was given up for a newer one.
   */
  encode(picture: Image): Promise<Jpeg | undefined>;
}

/** A JPEG with its size in pixels. */
interface Sized {
  readonly jpeg: Jpeg;
  readonly width: number;
  readonly height: number;
  /** Where it was compressed anew: its quality, and how wide it is beside what it was. */
  readonly quality?: number;
  readonly scale?: number;
}

/** Compresses JPEGs anew to fewer bytes; resolves with undefined where nothing would be won. */
export interface JpegShrinking {
  shrink(
    jpeg: Jpeg,
    options: { readonly quantizerScale: number; readonly minWidth: number },
  ): Promise<Omit<Sized, "scale"> | undefined>;
}

/** What the frame output needs of the bus. */
export interface FrameBus {
  /** True while any sink wants frames at their full rate. */
  readonly framesWanted: boolean;
  /** How far frames should be reduced for a slow link: 0, not at all, to 1. */
  readonly frameDegradation: number;
  publishFrame(frame: FrameOutgoing): void;
}

export interface FrameOutputParts {
  readonly bus: FrameBus;
  readonly encoder: JpegEncoding;
  /** @default one by the native library */
  readonly shrinker?: JpegShrinking;
  readonly pacing: FramePacing;
  readonly envelopes: EnvelopeFactory;
  readonly counters: Counters;
  readonly log: Log;
}

/** More pictures than this under compression means that it cannot keep up. */
const MAX_IN_WORK = 2;
/** A slow link may halve pictures that stay this wide. */
const LEAST_WIDTH = 640;

/** Picks the frames that are published, has them compressed and hands them on; never waits. */
export class FrameOutput {
  readonly #parts: FrameOutputParts;
  readonly #shrinker: JpegShrinking;
  #inWork = 0;
  /** The end of the frame before: they leave in order. */
  #before: Promise<void> = Promise.resolve();
  /** What a slow link did to the last frame. */
  #shrinking: { readonly scale: number; readonly quality?: number | undefined } = { scale: 1 };

  constructor(parts: FrameOutputParts) {
    this.#parts = parts;
    this.#shrinker = parts.shrinker ?? new JpegShrinker();
  }

  /** The quality of the last frame, where it was compressed anew for a slow link. */
  get quality(): number | undefined {
    return this.#shrinking.quality;
  }

  /** The size in pixels at which such a frame is published now. */
  sizeOf({ width, height }: Frame): { readonly width: number; readonly height: number } {
    const { scale } = this.#shrinking;
    return { width: Math.round(width * scale), height: Math.round(height * scale) };
  }

  /**
   * Publishes the frame where it is its turn. Needs its pixels only until it returns.
   *
   * @param draw changes the picture before it is compressed, for an overlay; the camera's own
   * JPEG is then of no use.
   */
  offer(frame: Frame, draw?: (picture: Image) => Image): void {
    const { bus, pacing, encoder } = this.#parts;
    const degradation = bus.frameDegradation;
    const { timeUs } = frame;
    if (!pacing.isDue(timeUs, { wanted: bus.framesWanted, degradation })) return;
    if (this.#inWork >= MAX_IN_WORK) return this.#dropped("encoder_busy");
    if (frame.jpeg && !draw) {
      // The bytes outlive the frame: its buffer goes back to the camera.
      const own = { jpeg: frame.jpeg.slice(), width: frame.width, height: frame.height };
      if (degradation === 0 && this.#inWork === 0) return this.#publish(timeUs, own);
      return this.#work(timeUs, () => this.#shrunk(own, degradation));
    }
    const picture = draw ? draw(frame.image) : frame.image;
    const { width, height } = picture;
    const encoded = encoder.encode(picture);
    encoded.catch(() => {}); // told when its turn has come
    this.#work(timeUs, async () => {
      const jpeg = await encoded;
      return jpeg && await this.#shrunk({ jpeg, width, height }, degradation);
    });
  }

  #work(timeUs: number, compress: () => Promise<Sized | undefined>): void {
    this.#inWork++;
    this.#before = this.#before.then(compress)
      .then(
        (sized) => sized ? this.#publish(timeUs, sized) : this.#dropped("encoder_newer"),
        (reason) => this.#failed(reason),
      )
      .finally(() => this.#inWork--);
  }

  async #shrunk(sized: Sized, degradation: number): Promise<Sized> {
    if (degradation === 0) return sized;
    const { counters } = this.#parts;
    const options = { quantizerScale: quantizerScaleFor(degradation), minWidth: LEAST_WIDTH };
    const smaller = await this.#shrinker.shrink(sized.jpeg, options);
    if (!smaller) return sized;
    counters.add("frames_shrunk_total");
    return { ...smaller, scale: smaller.width / sized.width };
  }

  #publish(timeUs: number, { jpeg, width, height, scale = 1, quality }: Sized): void {
    const { bus, envelopes } = this.#parts;
    this.#shrinking = { scale, quality };
    const { timestamp, sequence } = envelopes.frame(timeUs);
    bus.publishFrame({
      kind: "frame",
      topic: "frame",
      timestamp,
      captureUs: timeUs,
      image: { timestamp, sequence, width, height, jpeg },
    });
  }

  #failed(reason: unknown): void {
    this.#dropped("encoder_failed");
    const message = reasonOf(reason);
    this.#parts.log.rateLimited(
      "encoder_failed",
      10,
      "warning",
      `Cannot compress a frame: ${message}`,
    );
  }

  #dropped(reason: string): void {
    this.#parts.counters.add("dropped_total", { class: "frame", reason });
  }
}
