import type { Frame, Picture } from "../capture/frame.ts";
import type { Announcer } from "../envelope/announcer.ts";
import type { FramePacing } from "../envelope/frame_pacing.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { Publisher } from "./outgoing.ts";

/** Compresses pictures whose source brings no JPEG. */
export interface JpegEncoding extends AsyncDisposable {
  /**
   * Copies the picture before it returns, and resolves with its JPEG, or with undefined where it
   * was given up for a newer one.
   */
  encode(picture: Picture): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

export interface FrameOutletParts {
  readonly publisher: Publisher;
  readonly encoder: JpegEncoding;
  readonly pacing: FramePacing;
  readonly announcer: Announcer;
  readonly counters: Counters;
  readonly log: Log;
}

/** More pictures than this under compression means that the encoder cannot keep up. */
const MAX_ENCODING = 2;

/** Picks the frames that are published, has them compressed and hands them on; never waits. */
export class FrameOutlet {
  readonly #parts: FrameOutletParts;
  #encoding = 0;

  constructor(parts: FrameOutletParts) {
    this.#parts = parts;
  }

  /**
   * Publishes the frame where it is its turn. Needs its pixels only until it returns.
   *
   * @param draw changes the picture before it is compressed, for an overlay; the camera's own
   * JPEG is then of no use.
   */
  offer(frame: Frame, draw?: (picture: Picture) => Picture): void {
    const { publisher, pacing, encoder } = this.#parts;
    const demand = { wanted: publisher.framesWanted, degradation: publisher.frameDegradation };
    if (!pacing.isDue(frame.timeUs, demand)) return;
    if (frame.jpeg && !draw) {
      // The bytes outlive the frame: its buffer goes back to the camera.
      return this.#publish(frame, frame.jpeg.slice(), frame.width, frame.height);
    }
    if (this.#encoding >= MAX_ENCODING) return this.#dropped("encoder_busy");
    const { timeUs } = frame;
    const picture = draw ? draw(frame.picture) : frame.picture;
    const { width, height } = picture;
    this.#encoding++;
    encoder.encode(picture)
      .then(
        (jpeg) =>
          jpeg ? this.#publish({ timeUs }, jpeg, width, height) : this.#dropped("encoder_newer"),
        (reason) => this.#failed(reason),
      )
      .finally(() => this.#encoding--);
  }

  #publish(
    { timeUs }: { timeUs: number },
    jpeg: Uint8Array<ArrayBuffer>,
    width: number,
    height: number,
  ): void {
    const { publisher, announcer } = this.#parts;
    const { timestamp, sequence } = announcer.frame(timeUs);
    publisher.offer({
      kind: "frame",
      topic: "frame",
      timestamp,
      captureUs: timeUs,
      image: { timestamp, sequence, width, height, jpeg },
    });
  }

  #failed(reason: unknown): void {
    this.#dropped("encoder_failed");
    const message = reason instanceof Error ? reason.message : String(reason);
    this.#parts.log.limited("encoder_failed", 10, "warning", `Cannot compress a frame: ${message}`);
  }

  #dropped(reason: string): void {
    this.#parts.counters.add("dropped_total", { class: "frame", reason });
  }
}
