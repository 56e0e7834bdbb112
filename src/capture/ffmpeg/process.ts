import { NutDemuxer, NutError, type NutFrame, type NutOptions } from "./nut.ts";

/** How a process came to its end. */
export interface ProcessEnd {
  /** True where ffmpeg said that the input is over. */
  readonly complete: boolean;
  /** ffmpeg's last lines on stderr. */
  readonly stderr: string;
  /** Why it is not complete, where this program knows better than stderr. */
  readonly reason?: string;
}

/** As much of stderr as is kept, in characters. */
const STDERR_TAIL = 4_000;

export interface ProcessOptions extends NutOptions {
  /** True gives it a pipe of its own to read from; our stdin it never sees. @default false */
  readonly stdin?: boolean;
  /** @default Infinity */
  readonly patienceMs?: number;
}

/** How often a silent ffmpeg is looked at. */
const WATCH_MS = 200;

/** One ffmpeg that writes NUT to its stdout. It dies with us: a closed pipe ends it. */
export class FfmpegProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #demuxer: NutDemuxer;
  readonly #stderrDone: Promise<void>;
  #stderr = "";
  #reason: string | undefined;
  #waitingSinceMs = Infinity;
  /** How long `frames` waits for ffmpeg to write anything before it ends it, in milliseconds. */
  patienceMs: number;

  constructor(path: string, args: readonly string[], options: ProcessOptions = {}) {
    this.#demuxer = new NutDemuxer(options);
    this.patienceMs = options.patienceMs ?? Infinity;
    this.#child = new Deno.Command(path, {
      args: ["-hide_banner", "-nostdin", "-nostats", ...args],
      stdin: options.stdin ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderrDone = this.#keepStderr();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What ffmpeg reads, where it was given a pipe. */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdin;
  }

  /** Gives each frame as it comes, until ffmpeg closes its end. */
  async *frames(): AsyncGenerator<NutFrame, void, void> {
    const reader = this.#child.stdout.getReader();
    const watch = this.patienceMs < Infinity && setInterval(() => this.#judge(), WATCH_MS);
    try {
      while (true) {
        this.#waitingSinceMs = performance.now();
        const { done, value } = await reader.read();
        // While the consumer is busy, nobody can say that ffmpeg is silent.
        this.#waitingSinceMs = Infinity;
        if (done) return;
        yield* this.#demuxer.push(value);
      }
    } catch (error) {
      if (!(error instanceof NutError)) throw error;
      this.kill(`ffmpeg wrote what is no NUT: ${error.message}`);
    } finally {
      if (watch !== false) clearInterval(watch);
      await reader.cancel().catch(() => {});
    }
  }

  #judge(): void {
    if (performance.now() - this.#waitingSinceMs < this.patienceMs) return;
    this.kill(`no frame came for ${this.patienceMs / 1000} s`);
  }

  /** How it ended, once it has. */
  async end(): Promise<ProcessEnd> {
    const [status] = await Promise.all([this.#child.status, this.#stderrDone]);
    const reason = this.#reason ??
      (status.signal ? `ffmpeg was ended by ${status.signal}` : undefined);
    return {
      complete: status.success && this.#demuxer.atBoundary,
      stderr: this.#stderr,
      ...(reason !== undefined && { reason }),
    };
  }

  /** Ends it at once; `end` then names this reason. */
  kill(reason: string): void {
    this.#reason ??= reason;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended by itself
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("it is closed");
    await this.#child.status;
    await this.#stderrDone;
    // Whoever reads still sees the end; where nobody does, the pipe is ours to close.
    if (!this.#child.stdout.locked) await this.#child.stdout.cancel().catch(() => {});
  }

  async #keepStderr(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      this.#stderr = (this.#stderr + decoder.decode(chunk, { stream: true })).slice(-STDERR_TAIL);
    }
  }
}
