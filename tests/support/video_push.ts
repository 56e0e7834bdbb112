import { createHash } from "node:crypto";
import { load } from "../../src/app/flags.ts";
import type { FfmpegExecutable } from "../../src/capture/ffmpeg/executable.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { chooseTarget } from "../../src/transports/video_push/target.ts";
import {
  type VideoPushOptions,
  VideoPushSink,
} from "../../src/transports/video_push/video_push_sink.ts";
import { CollectingLog } from "./collecting_log.ts";
import { withFfmpeg } from "./ffmpegs.ts";
import { clock } from "./messages.ts";
import { waitFor } from "./wait.ts";

/** A frame that was offered. */
interface Offered {
  readonly captureUs: number;
  /** As the RTSP server of the tests computes it; see `hashOf()`. */
  readonly hash: string;
}

export interface PushOptions extends Pick<VideoPushOptions, "stallMs" | "ping"> {
  readonly executable: FfmpegExecutable;
  readonly flags?: readonly string[];
}

/** A sink that pushes frames of a camera, with the parts that a test observes. */
export class PushUnderTest implements AsyncDisposable {
  readonly counters = new Counters();
  readonly log = new CollectingLog();
  readonly sink: VideoPushSink;
  readonly offered: Offered[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #sequence = 0;

  static async start(url: string, { executable, flags = [], ...options }: PushOptions) {
    const { settings } = load(["--simulate", `--video_push_url=${url}`, ...flags]);
    const target = await withFfmpeg(executable.path, () => chooseTarget(settings.videoPush));
    return new PushUnderTest({ ...target, ...options });
  }

  private constructor(options: VideoPushOptions) {
    const { counters, log } = this;
    this.sink = new VideoPushSink(options, { clock, counters, log });
    this.sink.start();
  }

  get sent(): number {
    return this.counters.get("video_push_frames_total");
  }

  /** Offers the frames in turns, 30 a second, while the sink wants them. */
  film(
    jpegs: readonly Uint8Array<ArrayBuffer>[],
    { width = 640, height = 480 }: { readonly width?: number; readonly height?: number } = {},
  ): void {
    this.cut();
    this.#timer = setInterval(() => {
      if (!this.sink.framesWanted) return;
      const sequence = this.#sequence++;
      const jpeg = jpegs[sequence % jpegs.length]!;
      const captureUs = clock.monotonicUs();
      const timestamp = clock.epochUs(captureUs);
      const image = { timestamp, sequence, width, height, jpeg };
      this.sink.offer({ kind: "frame", topic: "frame", timestamp, captureUs, image });
      this.offered.push({ captureUs, hash: hashOf(jpeg) });
    }, 33);
  }

  /** Stops to offer frames. */
  cut(): void {
    clearInterval(this.#timer);
  }

  /** Waits for the first line of the log with this text. */
  line(text: string, timeoutMs = 20_000): Promise<string> {
    return waitFor(text, () => this.log.linesWith(text)[0], { timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.sink[Symbol.asyncDispose]();
  }
}

/** MD5 of the last 16 KiB of the image data, which RTP/JPEG carries unchanged. */
export function hashOf(jpeg: Uint8Array): string {
  return createHash("md5").update(jpeg.subarray(-16386, -2)).digest("hex");
}
