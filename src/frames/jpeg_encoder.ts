import { packedBytes, type PackedImage, packImage } from "../../ffi/image.ts";
import { JpegCompressor } from "../../ffi/jpeg_compress.ts";
import { BufferPool } from "../capture/buffer_pool.ts";
import type { Image } from "../capture/frame.ts";

export interface JpegEncoderOptions {
  /** Quality on the scale of libjpeg, 1 to 100. @default 80 */
  readonly quality?: number;
}

/** An image that waits or is in flight. */
interface EncodeJob {
  readonly image: PackedImage;
  /** Resolves with the JPEG, or with undefined if the image was dropped. */
  readonly result: PromiseWithResolvers<Uint8Array<ArrayBuffer> | undefined>;
}

/** Maximum number of images in flight, each on its own thread. Chosen for two cores. */
const MAX_IN_FLIGHT = 2;
/**
 * Maximum number and size of the images that wait: enough for a burst at 120 fps, as the event loop
 * may be busy for 100 ms. Chosen.
 */
const MAX_QUEUED = 12;
const MAX_QUEUED_BYTES = 16 << 20;

/**
 * Encodes images to JPEG in native code, on other threads.
 *
 * The queue is bounded: up to 12 images, or 16 MiB, but at least one, wait while `MAX_IN_FLIGHT` are
 * in flight, and a newer image replaces the oldest.
 *
 * @example
 * ```ts
 * await using encoder = new JpegEncoder({ quality: 80 });
 * const jpeg = await encoder.encode(frame.image);
 * ```
 */
export class JpegEncoder implements AsyncDisposable {
  readonly #quality: number;
  readonly #compressor = new JpegCompressor();
  readonly #pool = new BufferPool(MAX_IN_FLIGHT + MAX_QUEUED);
  readonly #inFlight = new Set<Promise<void>>();
  /** Oldest first. */
  readonly #queue: EncodeJob[] = [];
  #closed = false;

  constructor({ quality = 80 }: JpegEncoderOptions = {}) {
    this.#quality = quality;
  }

  /**
   * Encodes an image, which is copied before the call returns.
   *
   * @returns a JPEG of the size of the image, or undefined if a newer image replaced this one or
   * the encoder was closed.
   * @throws {NativeError} if the image has no pixels, or memory is exhausted.
   */
  encode(image: Image): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#closed) return Promise.reject(new Error("The encoder is closed"));
    const bytes = packedBytes(image);
    const packed = packImage(image, this.#pool.acquire(bytes));
    const job: EncodeJob = { image: packed, result: Promise.withResolvers() };
    const others = Math.min(MAX_QUEUED, Math.max(1, MAX_QUEUED_BYTES / bytes)) - 1;
    while (this.#queue.length > others) this.#dropOldest();
    this.#queue.push(job);
    this.#dispatch();
    return job.result.promise;
  }

  /** Waits for the images in flight; those that wait resolve with undefined. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    while (this.#queue.length > 0) this.#dropOldest();
    await Promise.all(this.#inFlight);
  }

  #dropOldest(): void {
    const job = this.#queue.shift();
    if (!job) return;
    this.#pool.release(job.image.pixels);
    job.result.resolve(undefined);
  }

  /** Compresses images while fewer than `MAX_IN_FLIGHT` are in flight. */
  #dispatch(): void {
    while (this.#inFlight.size < MAX_IN_FLIGHT) {
      const job = this.#queue.shift();
      if (!job) return;
      const compression = this.#compress(job).finally(() => {
        this.#inFlight.delete(compression);
        this.#dispatch();
      });
      this.#inFlight.add(compression);
    }
  }

  async #compress({ image, result }: EncodeJob): Promise<void> {
    try {
      result.resolve(await this.#compressor.compress(image, this.#quality));
    } catch (error) {
      result.reject(error);
    } finally {
      this.#pool.release(image.pixels);
    }
  }
}
