import type { ChildProcess } from "../../base/child_process.ts";
import { VidStreamError } from "./metadata_parser.ts";
import { startVid } from "./program.ts";
import type { PixelSize } from "./raw_layout.ts";
import type { VidDemuxer, VidFrame } from "./vid_demuxer.ts";

/** Interval of the checks for silence, in milliseconds. */
const SILENCE_CHECK_MS = 200;
/** libcamera prints the size that it grants before the first frame; this long it may take to read. */
const GRANTED_WAIT_MS = 1_000;
/** What libcamera prints of the first stream when it is configured. */
const GRANTED = /configuring streams: \(0\) (\d+)x(\d+)-/;

export interface VidProcessOptions {
  /** @param granted the size that libcamera has granted, if it prints it */
  readonly demuxer: (granted: () => PixelSize | undefined) => VidDemuxer;
  /** Milliseconds without output after which the program is killed. */
  readonly silenceTimeoutMs: number;
}

/** How the program ended. */
export interface VidEnd {
  /** Why this program killed it, if it did. */
  readonly reason: string | undefined;
  readonly signal: Deno.Signal | null;
  /** The last characters that it wrote to stderr. */
  readonly stderr: string;
}

/** A run of rpicam-vid that writes frames and their metadata to its stdout. */
export class VidProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #demuxer: VidDemuxer;
  readonly #printed = Promise.withResolvers<void>();
  #granted: PixelSize | undefined;
  #log = "";
  #waitingSinceMs = Infinity;
  silenceTimeoutMs: number;

  /** @throws {SourceError} if the program is not installed */
  constructor(args: readonly string[], { demuxer, silenceTimeoutMs }: VidProcessOptions) {
    this.silenceTimeoutMs = silenceTimeoutMs;
    this.#demuxer = demuxer(() => this.#granted);
    this.#child = startVid(args, { onStderr: (text) => this.#readLog(text) });
  }

  /** Frames that had no metadata. */
  get unmatched(): number {
    return this.#demuxer.unmatched;
  }

  /** Yields each frame as soon as its metadata has arrived, until the program ends. */
  async *frames(): AsyncGenerator<VidFrame, void, void> {
    const reader = this.#child.stdout.getReader();
    const timer = setInterval(() => this.#checkSilence(), SILENCE_CHECK_MS);
    try {
      for (let first = true;; first = false) {
        this.#waitingSinceMs = performance.now();
        const { done, value } = await reader.read();
        // While the consumer is busy, the output is not read, so the program is not silent.
        this.#waitingSinceMs = Infinity;
        if (done) return;
        if (first) await this.#waitForGranted();
        yield* this.#demuxer.push(value);
      }
    } catch (error) {
      if (!(error instanceof VidStreamError)) throw error;
      this.kill(`rpicam-vid wrote an unexpected stream: ${error.message}`);
    } finally {
      clearInterval(timer);
      await reader.cancel().catch(() => {});
    }
  }

  /** Waits until the program has ended. */
  end(): Promise<VidEnd> {
    return this.#child.end();
  }

  /** Kills the program; `end` returns the reason of the first call. */
  kill(reason: string): void {
    this.#child.kill(reason);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  #readLog(text: string): void {
    if (this.#granted) return;
    this.#log = (this.#log + text).slice(-4_000);
    const [, width, height] = GRANTED.exec(this.#log) ?? [];
    if (width === undefined || height === undefined) return;
    this.#granted = { width: Number(width), height: Number(height) };
    this.#printed.resolve();
  }

  async #waitForGranted(): Promise<void> {
    const timer = setTimeout(() => this.#printed.resolve(), GRANTED_WAIT_MS);
    await this.#printed.promise;
    clearTimeout(timer);
  }

  #checkSilence(): void {
    if (performance.now() - this.#waitingSinceMs < this.silenceTimeoutMs) return;
    this.kill(`no frame for ${(this.silenceTimeoutMs / 1000).toFixed(1)} s`);
  }
}
