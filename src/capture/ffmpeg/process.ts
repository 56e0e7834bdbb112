import { ChildProcess } from "../../base/child_process.ts";
import { ffmpegCommand, type FfmpegProgram, type FfmpegRights } from "./command.ts";
import { NutDemuxer, NutError, type NutFrame, type NutOptions } from "./nut_demuxer.ts";

/** How an ffmpeg process ended. */
export interface ProcessEnd {
  /** True if ffmpeg reached the end of its input and wrote all of its output. */
  readonly complete: boolean;
  /** The last characters that ffmpeg wrote to stderr. */
  readonly stderr: string;
  /** Why the output is incomplete, if the reason is not in `stderr`. */
  readonly reason?: string;
}

export interface ProcessOptions extends NutOptions {
  /**
   * True opens a pipe to ffmpeg's stdin; a text is all that ffmpeg reads there.
   *
   * @default false
   */
  readonly stdin?: boolean | string;
  /** @default none */
  readonly rights?: FfmpegRights;
  /** @default Infinity */
  readonly silenceTimeoutMs?: number;
}

/** Size of the reads from ffmpeg's stdout: that of the pipe. */
const READ_BYTES = 1 << 20;
/** Interval of the checks for silence, in milliseconds. */
const SILENCE_CHECK_MS = 200;

/** ffmpeg process that writes NUT to its stdout. */
export class FfmpegProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #demuxer: NutDemuxer;
  #waitingSinceMs = Infinity;
  /** Milliseconds that `frames` waits for output before it kills ffmpeg. */
  silenceTimeoutMs: number;

  constructor(
    program: FfmpegProgram,
    args: readonly string[],
    options: ProcessOptions = {},
  ) {
    this.#demuxer = new NutDemuxer(options);
    this.silenceTimeoutMs = options.silenceTimeoutMs ?? Infinity;
    const { stdin = false, rights } = options;
    const allArgs = ["-hide_banner", "-nostdin", "-nostats", ...args];
    const command = ffmpegCommand(program, allArgs, { ...rights, largePipes: true });
    this.#child = new ChildProcess(command.path, command.args, {
      stdin: stdin !== false,
      env: command.env,
    });
    if (typeof stdin === "string") writeAll(this.#child.stdin, stdin);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Pipe to ffmpeg's stdin; only if it was requested. */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdin;
  }

  /** Yields each frame as soon as it is complete, until ffmpeg closes its stdout. */
  async *frames(): AsyncGenerator<NutFrame, void, void> {
    const reader = this.#child.stdout.getReader({ mode: "byob" });
    let space = new Uint8Array(READ_BYTES);
    const timer = this.silenceTimeoutMs < Infinity
      ? setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS)
      : undefined;
    try {
      while (true) {
        this.#waitingSinceMs = performance.now();
        const { done, value } = await reader.read(space);
        // While the consumer is busy, the output is not read, so ffmpeg cannot be called silent.
        this.#waitingSinceMs = Infinity;
        if (done) return;
        yield* this.#demuxer.push(value);
        space = new Uint8Array(value.buffer);
      }
    } catch (error) {
      if (!(error instanceof NutError)) throw error;
      this.kill(`ffmpeg wrote invalid NUT: ${error.message}`);
    } finally {
      clearInterval(timer);
      await reader.cancel().catch(() => {});
    }
  }

  #checkSilence(): void {
    if (performance.now() - this.#waitingSinceMs < this.silenceTimeoutMs) return;
    this.kill(`no frame for ${(this.silenceTimeoutMs / 1000).toFixed(1)} s`);
  }

  /** Waits until the process has ended. */
  async end(): Promise<ProcessEnd> {
    const { success, signal, stderr, reason: killReason } = await this.#child.end();
    const reason = killReason ?? (signal ? `ffmpeg was terminated by ${signal}` : undefined);
    return {
      complete: success && this.#demuxer.atBoundary,
      stderr,
      ...(reason !== undefined && { reason }),
    };
  }

  /** Kills ffmpeg; `end` returns the reason of the first call. */
  kill(reason: string): void {
    this.#child.kill(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** Writes a text to a pipe and closes it; a process that has ended reports itself why. */
export function writeAll(pipe: WritableStream<Uint8Array<ArrayBuffer>>, text: string): void {
  new Blob([text]).stream().pipeTo(pipe).catch(() => {});
}
