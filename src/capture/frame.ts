import type { MonotonicUs } from "../base/time.ts";
import { UnavailableError } from "../base/errors.ts";

/** How the samples of an image encode colour. */
export interface ColorEncoding {
  /** `full`: Y, U and V in 0..255 (JPEG). `limited`: Y in 16..235, U and V in 16..240 (television). */
  readonly range: "full" | "limited";
  readonly matrix: "bt601" | "bt709";
}

/**
 * Planar YUV image with 8 bits per sample, top row first. U and V are each
 * `ceil(width / 2^chromaShiftX)` by `ceil(height / 2^chromaShiftY)` samples.
 *
 * The mean colour of a region is linear in its mean Y, U and V, so no pixel is converted to RGB.
 */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array<ArrayBuffer>;
  /** Absent, like `v`, if the camera is monochrome. */
  readonly u?: Uint8Array<ArrayBuffer>;
  readonly v?: Uint8Array<ArrayBuffer>;
  /** Bytes from the start of one row to the start of the next. */
  readonly yStride: number;
  readonly uvStride: number;
  readonly chromaShiftX: 0 | 1;
  readonly chromaShiftY: 0 | 1;
  readonly color: ColorEncoding;
}

/** Capture time and number of a frame. */
export interface FrameStamp {
  /** Capture time in microseconds of `Clock.monotonicUs`. */
  readonly timeUs: MonotonicUs;
  /** Number of the frame in its source; a gap is a frame that the source lost. */
  readonly sequence: number;
}

/**
 * One frame of a source. The consumer owns each frame that it receives and disposes of it once,
 * with `using`; the pixels must not be read afterwards.
 */
export interface Frame extends FrameStamp, Disposable {
  /** Size of the published image in pixels, after rotation. */
  readonly width: number;
  readonly height: number;
  /** Image for analysis: the same view, often smaller than `width` by `height`. */
  readonly image: Image;
  /** JPEG of `width` by `height` from the camera itself, if it can be published unchanged. */
  readonly jpeg?: Uint8Array<ArrayBuffer>;
}

/** A frame, or a change of a source's connection. */
export type SourceEvent =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** The camera is disconnected or silent; the source keeps trying to reconnect. */
  | { readonly kind: "disconnected"; readonly reason: string }
  /** The camera is connected again; frames follow. */
  | { readonly kind: "connected"; readonly description: string };

/**
 * Source of frames: a camera, a video or a simulation. Iterating opens the source and leaving the
 * iteration closes it. A recorded video ends, a camera does not.
 *
 * A source does not wait for its consumer: `timeUs` is the capture time even if the frame is taken
 * late.
 *
 * @throws {SourceError} from the iterator, if another attempt cannot succeed.
 */
export interface FrameSource extends AsyncIterable<SourceEvent>, AsyncDisposable {
  /** One line that names the camera or file, its size and its frame rate. */
  readonly description: string;
  /** Frames per second that the source declares, if known. */
  readonly nominalFps?: number | undefined;
  /** True if frames arrive at their capture times, false if a file is read at full speed. */
  readonly realtime: boolean;
  /** Locks exposure, gain and white balance at their current values, if the camera can. */
  lockExposure?(): void;
  /** Returns exposure, gain and white balance to automatic control. */
  unlockExposure?(): void;
}

/** A source that cannot deliver frames: a missing file, no permission, no ffmpeg. */
export class SourceError extends UnavailableError {
  declare readonly hint: string;

  constructor(message: string, options: ErrorOptions & { readonly hint: string }) {
    super(message, options);
  }
}
