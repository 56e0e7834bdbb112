import { reasonOf } from "../../base/errors.ts";
import type { Sink } from "../../delivery/bus.ts";
import { maskUrls } from "../../config/secret.ts";
import type { FrameOutgoing, Message } from "../../envelopes/message.ts";
import { backoffMs } from "../backoff.ts";
import type { OutletContext } from "../outlet.ts";
import { hintFor } from "./failure.ts";
import type { PushFormat } from "./push_arguments.ts";
import { PushProcess } from "./push_process.ts";
import { isRtpJpeg, MAX_RTP_JPEG_PIXELS } from "./rtp_jpeg.ts";
import { RtspPing, type RtspPingOptions } from "./rtsp_ping.ts";
import type { PushTarget } from "./target.ts";

export interface VideoPushOptions extends PushTarget {
  /** Milliseconds in which one of the frames must be sent. @default 5000 */
  readonly stallMs?: number;
  /** How the server is asked whether it responds. @default every 5 s */
  readonly ping?: Pick<RtspPingOptions, "intervalMs" | "timeoutMs">;
}

/** Delay before ffmpeg is started again, in milliseconds. Chosen. */
const BACKOFF = { firstMs: 500, capMs: 10_000 };
/** Time after which a session counts as stable, so that the backoff starts anew. Chosen. */
const STABLE_US = 10_000_000;

/** ffmpeg at work, and the frames that it takes. */
interface Session {
  readonly process: PushProcess;
  readonly ping: RtspPing;
  readonly format: PushFormat;
  readonly width: number;
  readonly height: number;
  readonly startedUs: number;
}

/**
 * Pushes the published frames to an RTSP server by one ffmpeg, which is started for the first frame,
 * and again when it has ended or the size of the frames has changed. It needs frames all the time,
 * because such a server does not report viewers, but none while it waits to try again.
 */
export class VideoPushSink implements Sink, AsyncDisposable {
  readonly #options: VideoPushOptions;
  readonly #context: Pick<OutletContext, "clock" | "counters" | "log">;
  readonly #to: string;
  #session: Session | undefined;
  /** Waits for the end of the last session, or for the next attempt. */
  #isPaused = true;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #isFirst = true;
  #isClosed = false;

  constructor(
    options: VideoPushOptions,
    context: Pick<OutletContext, "clock" | "counters" | "log">,
  ) {
    this.#options = options;
    this.#context = context;
    this.#to = maskUrls(options.url);
  }

  /** Process ID of the present ffmpeg, for tests. */
  get pid(): number | undefined {
    return this.#session?.process.pid;
  }

  start(): void {
    this.#isPaused = this.#isClosed;
  }

  get framesWanted(): boolean {
    return !this.#isPaused;
  }

  offer(message: Message): void {
    if (message.kind !== "frame" || this.#isPaused) return;
    const session = this.#session ?? this.#open(message);
    if (!session) return;
    const { width, height, jpeg } = message.image;
    const isOther = width !== session.width || height !== session.height ||
      (session.format === "copy" && !isRtpJpeg(jpeg));
    if (isOther) {
      this.#isPaused = true;
      void session.process[Symbol.asyncDispose]();
      return;
    }
    session.process.write(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = this.#isPaused = true;
    clearTimeout(this.#retry);
    this.#session?.ping[Symbol.dispose]();
    await this.#session?.process[Symbol.asyncDispose]();
  }

  #open({ image: { width, height, jpeg } }: FrameOutgoing): Session | undefined {
    const { clock, counters, log } = this.#context;
    const { h264, address, tlsCaPath } = this.#options;
    if (!h264 && Math.max(width, height) > MAX_RTP_JPEG_PIXELS) {
      counters.add("video_push_dropped_total", { reason: "too_large" });
      log.rateLimited(
        "video_push_too_large",
        600,
        "error",
        "Cannot push such large frames as RTP/JPEG",
        {
          size: `${width}x${height}`,
          limit: `${MAX_RTP_JPEG_PIXELS}x${MAX_RTP_JPEG_PIXELS}`,
        },
      );
      return undefined;
    }
    if (!this.#isFirst) counters.add("video_push_restarts_total");
    this.#isFirst = false;
    const format: PushFormat = h264 ?? (isRtpJpeg(jpeg) ? "copy" : "mjpeg");
    let process: PushProcess;
    try {
      process = this.#startProcess({ format, width, height });
    } catch (error) {
      this.#retryAfter("Cannot push video", reasonOf(error));
      return undefined;
    }
    const ping = new RtspPing({
      address,
      tlsCaPath,
      clock,
      ...this.#options.ping,
      onSilence: () => process.kill("the server does not respond"),
    });
    void ping.start();
    const startedUs = clock.monotonicUs();
    const session = { process, ping, format, width, height, startedUs };
    this.#session = session;
    void process.ended.then((reason) => this.#onEnd(session, reason));
    return session;
  }

  /** Starts ffmpeg. @throws {Error} if the system does not start it */
  #startProcess(
    { format, width, height }: Pick<Session, "format" | "width" | "height">,
  ): PushProcess {
    const { clock, counters, log } = this.#context;
    const { stallMs } = this.#options;
    const process = new PushProcess({
      target: this.#options,
      format,
      width,
      height,
      clock,
      ...stallMs === undefined ? {} : { stallMs },
      onSent: (frames) => {
        if (!process.isSending) log.info("Pushing video", { to: this.#to, format });
        counters.add("video_push_frames_total", {}, frames);
      },
      onReplaced: () => counters.add("video_push_dropped_total", { reason: "slow" }),
    });
    return process;
  }

  #onEnd({ process, ping, startedUs }: Session, reason: string): void {
    ping[Symbol.dispose]();
    const isExpected = this.#isPaused;
    this.#session = undefined;
    if (this.#isClosed) return;
    // The next frame, of another size, starts ffmpeg again.
    if (isExpected) {
      this.#isPaused = false;
      return;
    }
    if (process.isSending && this.#context.clock.monotonicUs() - startedUs > STABLE_US) {
      this.#attempt = 0;
    }
    this.#retryAfter(process.isSending ? "Lost the RTSP server" : "Cannot push video", reason);
  }

  /** Logs why no video is pushed, and needs no frames until the next attempt. */
  #retryAfter(message: "Lost the RTSP server" | "Cannot push video", reason: string): void {
    this.#isPaused = true;
    this.#context.log.rateLimited(`video_push_${message}`, 60, "warning", message, {
      to: this.#to,
      reason,
      hint: hintFor(reason),
    });
    const delayMs = backoffMs(++this.#attempt, BACKOFF);
    this.#retry = setTimeout(() => this.#isPaused = this.#isClosed, delayMs);
  }
}
