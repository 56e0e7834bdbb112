import { BufferPool } from "../capture/buffer_pool.ts";
import { findFfmpeg } from "../capture/ffmpeg/executable.ts";
import type { Image } from "../capture/frame.ts";
import { type EncodeJob, EncoderProcess } from "./encoder_process.ts";
import { packImage, type RawFormat, rawFormatOf } from "./raw_image.ts";

export interface JpegEncoderOptions {
  /** Quality on the scale of libjpeg, 1 to 100. @default 80 */
  readonly quality?: number;
}

/** Maximum number of images in flight: ffmpeg reads one while it encodes the other. */
const MAX_IN_FLIGHT = 2;
/**
 * Maximum number and size of the images that wait: enough for a burst at 120 fps, as the event loop
 * may be busy for 100 ms. Chosen.
 */
const MAX_QUEUED = 12;
const MAX_QUEUED_BYTES = 16 << 20;
/** Delay before a restart after an ffmpeg that never produced an image, in milliseconds. Chosen. */
const RESTART_DELAY_MS = 1_000;

/**
 * Encodes images to JPEG with one long-lived ffmpeg process. The process is started for the first
 * image, and again after it has ended or the format of the images has changed.
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
  readonly #pool = new BufferPool(MAX_IN_FLIGHT + MAX_QUEUED);
  #process: EncoderProcess | undefined;
  #starting: Promise<void> | undefined;
  /** Oldest first. */
  readonly #queue: EncodeJob[] = [];
  #delayedUntilMs = -Infinity;
  #closed = false;

  constructor({ quality = 80 }: JpegEncoderOptions = {}) {
    this.#quality = quality;
  }

  /** Process ID of the present ffmpeg, for tests. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Encodes an image, which is copied before the call returns.
   *
   * @returns a JPEG of the size of the image, or undefined if a newer image replaced this one or
   * the encoder was closed.
   * @throws {Error} if ffmpeg failed; the next image starts another process.
   */
  encode(image: Image): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#closed) return Promise.reject(new Error("The encoder is closed"));
    const format = rawFormatOf(image);
    const raw = this.#pool.acquire(format.bytes);
    packImage(image, raw);
    const job: EncodeJob = { format, raw, result: Promise.withResolvers() };
    const others = Math.min(MAX_QUEUED, Math.max(1, MAX_QUEUED_BYTES / format.bytes)) - 1;
    while (this.#queue.length > others) this.#dropOldest();
    this.#queue.push(job);
    this.#dispatch();
    return job.result.promise;
  }

  /** Stops ffmpeg; images in flight resolve with undefined. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    while (this.#queue.length > 0) this.#dropOldest();
    await this.#starting;
    await this.#process?.[Symbol.asyncDispose]();
  }

  #dropOldest(): void {
    const job = this.#queue.shift();
    if (!job) return;
    this.#pool.release(job.raw);
    job.result.resolve(undefined);
  }

  /** Passes images to ffmpeg while fewer than `MAX_IN_FLIGHT` are in flight. */
  #dispatch(): void {
    for (let job = this.#queue[0]; job && !this.#starting; job = this.#queue[0]) {
      const process = this.#process;
      if (!process?.accepts(job.format)) return this.#restart(job.format);
      if (process.inFlight >= MAX_IN_FLIGHT) return;
      this.#queue.shift();
      process.push(job);
    }
  }

  /** Starts ffmpeg, and dispatches the images that wait, or rejects them. */
  #restart(format: RawFormat): void {
    this.#starting = this.#start(format).then(
      () => {},
      (error) => {
        for (const { result } of this.#queue.splice(0)) result.reject(error);
      },
    ).finally(() => {
      this.#starting = undefined;
      this.#dispatch();
    });
  }

  async #start(format: RawFormat): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    this.#process = undefined;
    if (performance.now() < this.#delayedUntilMs) {
      throw new Error("ffmpeg produced no image at its last start");
    }
    const executable = await findFfmpeg();
    if (this.#closed) return;
    const process = new EncoderProcess(executable, { format, quality: this.#quality });
    process.onJobDone = (job) => {
      this.#pool.release(job.raw);
      if (process.ended && this.#process === process) {
        this.#process = undefined;
        if (!process.hasOutput) this.#delayedUntilMs = performance.now() + RESTART_DELAY_MS;
      }
      this.#dispatch();
    };
    this.#process = process;
  }
}
