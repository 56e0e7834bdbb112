import { ChildProcess } from "../../base/child_process.ts";
import type { MonotonicUs } from "../../base/time.ts";
import { ffmpegCommand } from "../../capture/ffmpeg/command.ts";
import { NutWriter } from "../../capture/ffmpeg/nut_writer.ts";
import type { FrameOutgoing } from "../../envelopes/message.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { pushFailureReason } from "./failure.ts";
import { progressFrames } from "./progress.ts";
import { pushArguments, type PushFormat, URL_VARIABLE } from "./push_arguments.ts";
import type { PushTarget } from "./target.ts";

export interface PushProcessOptions {
  readonly target: PushTarget;
  readonly format: PushFormat;
  /** Size of the frames in pixels. */
  readonly width: number;
  readonly height: number;
  readonly clock: Pick<Clock, "monotonicUs">;
  /** Called when ffmpeg has sent more frames. */
  readonly onSent: (frames: number) => void;
  /** Called for a frame that a newer one has replaced. */
  readonly onReplaced: () => void;
  /** Milliseconds in which ffmpeg must send one of the frames that it is given. @default 5000 */
  readonly stallMs?: number;
}

/** Interval of the check for a stall, in milliseconds. */
const CHECK_MS = 250;
/** ffmpeg reports its progress twice a second: frames of this time may not be reported yet. */
const REPORT_US = 2_000_000;
/** The devices of the codecs of a Raspberry Pi, which ffmpeg finds in the folder (bcm2835-codec). */
const ENCODER_DEVICES = {
  read: ["/dev"],
  write: ["/dev/video10", "/dev/video11", "/dev/video12"],
};
/** Time for ending the session at the server, in milliseconds. Chosen. */
const CLOSE_MS = 1000;

/**
 * ffmpeg that pushes frames of one size to an RTSP server. A frame that it has not taken yet is
 * replaced by the next one, so that at most two are in memory. It is killed if it sends nothing of
 * what it is given.
 */
export class PushProcess implements AsyncDisposable {
  readonly #options: PushProcessOptions;
  readonly #child: ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #nut: NutWriter;
  readonly #timer: ReturnType<typeof setInterval>;
  #waiting: FrameOutgoing | undefined;
  #isWriting = false;
  #firstUs: MonotonicUs | undefined;
  #writtenUs: number;
  #sentUs: number;
  #sent = 0;
  /** Resolves with the reason when ffmpeg has ended. */
  readonly ended: Promise<string>;

  constructor(options: PushProcessOptions) {
    const { target: { executable, url, tlsCaPath }, format, width, height, clock } = options;
    this.#options = options;
    const command = ffmpegCommand(executable, pushArguments(format, { url, executable }), {
      network: true,
      tlsCaPath,
      variables: { [URL_VARIABLE]: url },
      ...format === "h264_v4l2m2m" ? ENCODER_DEVICES : {},
    });
    this.#child = new ChildProcess(command.path, command.args, { stdin: true, env: command.env });
    this.#nut = new NutWriter({ fourcc: "MJPG", width, height });
    this.#writer = this.#child.stdin.getWriter();
    this.#writer.closed.catch(() => {}); // `ended` has the reason
    this.#writer.write(this.#nut.header()).catch(() => {});
    this.#writtenUs = this.#sentUs = clock.monotonicUs();
    this.#timer = setInterval(() => this.#checkStall(), CHECK_MS);
    this.ended = this.#run();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** True once a frame was sent. */
  get isSending(): boolean {
    return this.#sent > 0;
  }

  /** Passes a frame on, or keeps it instead of the one that waits. */
  write(frame: FrameOutgoing): void {
    if (this.#waiting) this.#options.onReplaced();
    this.#waiting = frame;
    if (!this.#isWriting) void this.#writeWaiting();
  }

  /** Kills ffmpeg; `ended` resolves with the first reason. */
  kill(reason: string): void {
    this.#child.kill(reason);
  }

  /** Ends the session at the server, for at most a second, and ffmpeg. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#waiting = undefined;
    const timer = setTimeout(() => this.kill("it did not end"), CLOSE_MS);
    this.#writer.close().catch(() => {});
    await this.ended;
    clearTimeout(timer);
  }

  async #writeWaiting(): Promise<void> {
    this.#isWriting = true;
    try {
      for (let frame = this.#waiting; frame; frame = this.#waiting) {
        this.#waiting = undefined;
        const { captureUs, image: { jpeg } } = frame;
        this.#firstUs ??= captureUs;
        const ptsUs = captureUs - this.#firstUs;
        await this.#writer.write(this.#nut.frameHeader(jpeg.length, { ptsUs }));
        await this.#writer.write(jpeg);
        this.#writtenUs = this.#options.clock.monotonicUs();
      }
    } catch {
      // ffmpeg has ended, or is about to.
    } finally {
      this.#isWriting = false;
    }
  }

  async #run(): Promise<string> {
    for await (const frames of progressFrames(this.#child.stdout)) {
      if (frames <= this.#sent) continue;
      this.#options.onSent(frames - this.#sent);
      this.#sent = frames;
      this.#sentUs = this.#options.clock.monotonicUs();
    }
    const { reason, signal, stderr } = await this.#child.end();
    clearInterval(this.#timer);
    await this.#writer.abort().catch(() => {});
    if (reason !== undefined) return reason;
    if (signal) return `ffmpeg was terminated by ${signal}`;
    return pushFailureReason(stderr);
  }

  #checkStall(): void {
    const { clock, stallMs = 5000 } = this.#options;
    const nowUs = clock.monotonicUs();
    // Without new frames, as while the camera is away, none can be sent.
    const isGivenFrames = this.#isWriting || nowUs - this.#writtenUs < REPORT_US;
    const sinceUs = nowUs - this.#sentUs;
    if (!isGivenFrames) this.#sentUs = nowUs;
    else if (sinceUs >= stallMs * 1000) {
      this.kill(`no frame was sent for ${(sinceUs / 1e6).toFixed(1)} s`);
    }
  }
}
