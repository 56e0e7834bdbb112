import type { FfmpegExecutable } from "../capture/ffmpeg/executable.ts";
import { FfmpegProcess } from "../capture/ffmpeg/process.ts";
import { encoderArguments } from "./jpeg_arguments.ts";
import type { RawFormat } from "./raw_image.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** One packed image to encode. */
export interface EncodeJob {
  readonly format: RawFormat;
  readonly raw: Bytes;
  /** Resolves with the JPEG, or with undefined if the image was dropped. */
  readonly result: PromiseWithResolvers<Bytes | undefined>;
}

/** Time without output after which ffmpeg is killed, in milliseconds. Chosen. */
const OUTPUT_TIMEOUT_MS = 5_000;

/** ffmpeg process that encodes images of one format to JPEG, in order. */
export class EncoderProcess implements AsyncDisposable {
  readonly #format: RawFormat;
  readonly #process: FfmpegProcess;
  readonly #writer: WritableStreamDefaultWriter<Bytes>;
  /** Jobs that were written to ffmpeg and have no result yet, oldest first. */
  readonly #jobs: EncodeJob[] = [];
  readonly #readLoop: Promise<void>;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #closing = false;
  #ended = false;
  #hasOutput = false;
  /** Called after each job has its result; ffmpeg no longer reads its `raw`. */
  onJobDone: (job: EncodeJob) => void = () => {};

  /** @param options.quality JPEG quality on the scale of libjpeg, 1 to 100 */
  constructor(
    executable: FfmpegExecutable,
    { format, quality }: { format: RawFormat; quality: number },
  ) {
    this.#format = format;
    const args = encoderArguments(format, { executable, quality });
    this.#process = new FfmpegProcess(executable, args, { stdin: true });
    this.#writer = this.#process.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // the read loop reports the end
    this.#readLoop = this.#read();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Number of images in flight. */
  get inFlight(): number {
    return this.#jobs.length;
  }

  /** True once ffmpeg has ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** True once ffmpeg has produced a JPEG. */
  get hasOutput(): boolean {
    return this.#hasOutput;
  }

  /** Returns true if the process runs and encodes images of this format. */
  accepts({ width, height, pixelFormat, matrix }: RawFormat): boolean {
    const own = this.#format;
    return !this.#ended && own.width === width && own.height === height &&
      own.pixelFormat === pixelFormat && own.matrix === matrix;
  }

  /** Writes the image of the job to ffmpeg. */
  push(job: EncodeJob): void {
    this.#jobs.push(job);
    if (this.#jobs.length === 1) this.#resetWatchdog();
    this.#writer.write(job.raw).catch(() => {});
  }

  /** Kills ffmpeg; jobs in flight resolve with undefined. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#process.kill("the encoder was closed");
    await this.#readLoop;
    await this.#process[Symbol.asyncDispose]();
  }

  async #read(): Promise<void> {
    for await (const { data } of this.#process.frames()) {
      this.#hasOutput = true;
      const job = this.#jobs.shift();
      this.#resetWatchdog();
      job?.result.resolve(data);
      if (job) this.onJobDone(job);
    }
    const end = await this.#process.end();
    this.#ended = true;
    clearTimeout(this.#watchdog);
    const reason = end.reason ?? (end.stderr.trim() || "ffmpeg ended");
    for (const job of this.#jobs.splice(0)) {
      if (this.#closing) job.result.resolve(undefined);
      else job.result.reject(new Error(reason));
      this.onJobDone(job);
    }
    await this.#writer.abort().catch(() => {});
  }

  /** Starts the timeout of the oldest job in flight, if there is one. */
  #resetWatchdog(): void {
    clearTimeout(this.#watchdog);
    if (this.#jobs.length === 0) return;
    this.#watchdog = setTimeout(
      () => this.#process.kill(`ffmpeg produced no output for ${OUTPUT_TIMEOUT_MS / 1000} s`),
      OUTPUT_TIMEOUT_MS,
    );
  }
}
