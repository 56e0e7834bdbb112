import { UnavailableError } from "../base/errors.ts";

/** How the planes of a picture encode colour. */
export interface ColorEncoding {
  /** `full`: Y, U and V in 0..255 (JPEG). `limited`: Y in 16..235, U and V in 16..240 (television). */
  readonly range: "full" | "limited";
  readonly matrix: "bt601" | "bt709";
}

/**
 * Planar YUV pixels, 8 bits a sample, the first row on top. U and V are each
 * `ceil(width / 2^chromaShiftX)` by `ceil(height / 2^chromaShiftY)` samples.
 *
 * A region's mean colour is linear in its mean Y, U and V, so nobody converts pixel by pixel.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly y: Uint8Array<ArrayBuffer>;
  /** Absent, with `v`, where the camera sees only grey. */
  readonly u?: Uint8Array<ArrayBuffer>;
  readonly v?: Uint8Array<ArrayBuffer>;
  /** Bytes from one row to the next. */
  readonly yStride: number;
  readonly uvStride: number;
  readonly chromaShiftX: 0 | 1;
  readonly chromaShiftY: 0 | 1;
  readonly color: ColorEncoding;
}

/**
 * One moment of a camera. Whoever takes a frame from a source owns it and releases it once,
 * by `using`; its pixels must not be read afterwards.
 */
export interface Frame extends Disposable {
  /** When the light was seen, in microseconds of `Clock.monotonicUs`. */
  readonly timeUs: number;
  /** Counts the source's frames; a gap is a frame that the source lost. */
  readonly sequence: number;
  /** Size of the picture that is published, in pixels, after rotation. */
  readonly width: number;
  readonly height: number;
  /** Pixels for analysis: the same view, often smaller than `width` by `height`. */
  readonly picture: Picture;
  /** The camera's own JPEG of `width` by `height`, where it made one that can be published as it is. */
  readonly jpeg?: Uint8Array<ArrayBuffer>;
}

/** What happened to a source, between its frames. */
export type SourceEvent =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** The camera is gone or silent; the source goes on trying. */
  | { readonly kind: "disconnected"; readonly reason: string }
  /** The camera is back; frames follow. */
  | { readonly kind: "connected"; readonly description: string };

/**
 * Where frames come from: a camera, a video, a simulation. Iterating opens it, leaving the
 * iteration closes it; a recorded video ends, a camera does not.
 *
 * A source waits for nobody: where the consumer is late, `timeUs` still says when the light was seen.
 *
 * @throws {SourceError} from the iterator, where trying again cannot help.
 */
export interface FrameSource extends AsyncIterable<SourceEvent>, AsyncDisposable {
  /** One line for a person: which camera or file, its size and rate. */
  readonly description: string;
  /** Frames per second that the source promises, where it knows. */
  readonly nominalFps?: number | undefined;
  /** True where `timeUs` follows the clock on the wall, false where a file is read at full speed. */
  readonly realtime: boolean;
  /** Holds exposure, gain and white balance as they are, where the camera can. */
  lockExposure?(): void;
  /** Lets the camera adapt itself again. */
  unlockExposure?(): void;
}

/** A source that cannot give frames at all: no such file, no permission, no ffmpeg. */
export class SourceError extends UnavailableError {
  declare readonly hint: string;

  constructor(message: string, options: ErrorOptions & { readonly hint: string }) {
    super(message, options);
  }
}
