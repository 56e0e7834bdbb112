import { BufferPool } from "../capture/buffer_pool.ts";
import { type FfmpegExecutable, findFfmpeg } from "../capture/ffmpeg/executable.ts";
import { FfmpegProcess } from "../capture/ffmpeg/process.ts";
import type { Image } from "../capture/frame.ts";
import { encoderArguments } from "./jpeg_arguments.ts";
import { packPicture, type RawFormat, rawFormatOf } from "./raw_image.ts";

export interface JpegEncoderOptions {
  /** As libjpeg counts it, 1 to 100. @default 80 */
  readonly quality?: number;
}

/** Pictures that are inside ffmpeg at once: one that it reads, one that it compresses. */
const MAX_INSIDE = 2;
/** An ffmpeg that gives nothing for so long hangs. */
const HANG_MS = 5_000;
/** After an ffmpeg that never gave a picture, so long no other is started. */
const PAUSE_MS = 1_000;

type Settle = PromiseWithResolvers<Uint8Array<ArrayBuffer> | undefined>;

interface Job {
  readonly format: RawFormat;
  readonly raw: Uint8Array<ArrayBuffer>;
  readonly settle: Settle;
}

/**
 * Compresses pictures to JPEG by one long-lived ffmpeg, which is started at the first picture, and
 * anew when it dies or the pictures change their size.
 *
 * Bounded: where pictures come faster than they can be compressed, the newest waits and the older
 * is given up.
 *
 * @example
 * ```ts
 * await using encoder = new JpegEncoder({ quality: 80 });
 * const jpeg = await encoder.encode(frame.image);
 * ```
 */
export class JpegEncoder implements AsyncDisposable {
  readonly #quality: number;
  readonly #pool = new BufferPool(MAX_INSIDE + 2);
  #session: Session | undefined;
  #starting: Promise<void> | undefined;
  #waiting: Job | undefined;
  #pausedUntilMs = -Infinity;
  #closed = false;

  constructor({ quality = 80 }: JpegEncoderOptions = {}) {
    this.#quality = quality;
  }

  /** The process that compresses now, for tests. */
  get pid(): number | undefined {
    return this.#session?.pid;
  }

  /**
   * Copies the picture before it returns.
   *
   * @returns the JPEG of the picture's own size, or undefined where a newer picture took its turn,
   * or the encoder was closed.
   * @throws {Error} where ffmpeg failed; the next picture starts another.
   */
  encode(picture: Image): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#closed) return Promise.reject(new Error("The encoder is closed"));
    const format = rawFormatOf(picture);
    const raw = this.#pool.acquire(format.bytes);
    packPicture(picture, raw);
    this.#giveUpWaiting();
    const job = { format, raw, settle: Promise.withResolvers() as Settle };
    this.#waiting = job;
    this.#pump();
    return job.settle.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#giveUpWaiting();
    await this.#starting;
    await this.#session?.[Symbol.asyncDispose]();
  }

  #giveUpWaiting(): void {
    const job = this.#waiting;
    this.#waiting = undefined;
    if (!job) return;
    this.#pool.release(job.raw);
    job.settle.resolve(undefined);
  }

  /** Hands the waiting picture to ffmpeg where there is room. */
  #pump(): void {
    const job = this.#waiting;
    if (!job || this.#starting) return;
    const session = this.#session;
    if (session?.takes(job.format)) {
      if (session.inside >= MAX_INSIDE) return;
      this.#waiting = undefined;
      session.push(job);
      return;
    }
    this.#starting = this.#start(job.format).then(
      () => {},
      (reason) => {
        const failed = this.#waiting;
        this.#waiting = undefined;
        failed?.settle.reject(reason);
      },
    ).finally(() => {
      this.#starting = undefined;
      this.#pump();
    });
  }

  async #start(format: RawFormat): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = undefined;
    if (performance.now() < this.#pausedUntilMs) throw new Error("ffmpeg fails to compress");
    const executable = await findFfmpeg();
    if (this.#closed) return;
    const session = new Session(executable, { format, quality: this.#quality });
    session.onSettled = (job) => {
      this.#pool.release(job.raw);
      if (session.dead && this.#session === session) {
        this.#session = undefined;
        if (!session.proven) this.#pausedUntilMs = performance.now() + PAUSE_MS;
      }
      this.#pump();
    };
    this.#session = session;
  }
}

/** One run of ffmpeg for pictures of one format: what goes in comes out in the same order. */
class Session implements AsyncDisposable {
  readonly #format: RawFormat;
  readonly #process: FfmpegProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #jobs: Job[] = [];
  readonly #reading: Promise<void>;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  /** Told of each job that is out of ffmpeg's hands. */
  onSettled: (job: Job) => void = () => {};
  dead = false;
  #closing = false;
  /** True once it gave a picture. */
  proven = false;

  constructor(
    executable: FfmpegExecutable,
    { format, quality }: { format: RawFormat; quality: number },
  ) {
    this.#format = format;
    this.#process = new FfmpegProcess(
      executable.path,
      encoderArguments(format, {
        executable,
        quality,
      }),
      { stdin: true },
    );
    this.#writer = this.#process.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // the reading side tells of the end
    this.#reading = this.#read();
  }

  get pid(): number {
    return this.#process.pid;
  }

  get inside(): number {
    return this.#jobs.length;
  }

  takes({ width, height, pixelFormat, matrix }: RawFormat): boolean {
    const own = this.#format;
    return !this.dead && own.width === width && own.height === height &&
      own.pixelFormat === pixelFormat && own.matrix === matrix;
  }

  push(job: Job): void {
    this.#jobs.push(job);
    if (this.#jobs.length === 1) this.#watch();
    this.#writer.write(job.raw).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#process.kill("it is closed");
    await this.#reading;
    await this.#process[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    for await (const { data } of this.#process.frames()) {
      this.proven = true;
      const job = this.#jobs.shift();
      this.#watch();
      job?.settle.resolve(data);
      if (job) this.onSettled(job);
    }
    const end = await this.#process.end();
    this.dead = true;
    this.#watch();
    const reason = end.reason ?? (end.stderr.trim() || "ffmpeg ended");
    for (const job of this.#jobs.splice(0)) {
      if (this.#closing) job.settle.resolve(undefined);
      else job.settle.reject(new Error(`Cannot compress a picture: ${reason}`));
      this.onSettled(job);
    }
    await this.#writer.abort().catch(() => {});
  }

  /** Looks after the oldest picture inside. */
  #watch(): void {
    clearTimeout(this.#watchdog);
    if (this.#jobs.length === 0) return;
    this.#watchdog = setTimeout(
      () => this.#process.kill(`ffmpeg gave nothing for ${HANG_MS / 1000} s`),
      HANG_MS,
    );
  }
}
