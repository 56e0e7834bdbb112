import { type QuarterTurns, type Square, squareAround } from "./detector.ts";
import type { Size } from "./layout.ts";
import type { Box } from "./region_sample.ts";

/** Options of the next detection. */
export interface DetectionRequest {
  readonly view: Square;
  readonly rotation: QuarterTurns;
  /** Smallest score of a detection. */
  readonly threshold: number;
  /** Smallest score of a detection that counts towards the confirmation of a track. */
  readonly confirmThreshold: number;
}

/** The track that the next detection should observe. */
export interface DetectionTarget {
  /** Box of the confirmed or the best tentative track, as fractions of the image. */
  readonly face?: Box;
  /** False if the track is tentative. */
  readonly confirmed: boolean;
  /** True if the newest detection did not find the confirmed track. */
  readonly missed?: boolean;
  /** Score of the newest detection; 0 if it missed the track. */
  readonly score?: number;
}

/** Smallest scores of a detection: a known face may score less than a new one. */
const THRESHOLD = { known: 0.4, new: 0.5 } as const;
/**
 * Smallest scores that confirm a track. Measured on our recordings: wrists, foreheads and cushions
 * reach 0.54 in the full frame, and 0.68 in a close-up or a rotated view.
 */
const CONFIRM_THRESHOLD = { fullFrame: 0.72, closeUp: 0.8 } as const;
/** Smallest face that BlazeFace detects reliably, as a fraction of the view. */
const MIN_FACE_FRACTION = 0.2;
/** Width of a close-up view, in face widths. */
const CLOSE_UP_FACE_WIDTHS = 3.5;
/** While a small face is tracked in close-ups, every Nth detection scans the full frame. */
const FULL_FRAME_INTERVAL = 4;

/**
 * Chooses the view of each detection: the full frame, or a close-up of a small or tentative face.
 * While there is no face, it alternates with views of half the size and with rotated views, for a
 * person who is far away or lies on one side.
 */
export class DetectionScheduler {
  #detections = 0;
  #rotation: QuarterTurns = 0;
  #confirmThreshold: number = CONFIRM_THRESHOLD.fullFrame;

  /** Returns the next detection to run on an image. */
  next({ face, confirmed, score = 0 }: DetectionTarget, image: Size): DetectionRequest {
    const fullFrame = squareAround(image);
    this.#detections++;
    if (!face) return this.#search(image, fullFrame);
    // A weak detection may be a face that lies on one side.
    if (!confirmed && score < this.#confirmThreshold) {
      this.#rotation = NEXT_ROTATION[this.#rotation];
    }
    const width = face.width * image.width;
    const scan = confirmed && this.#detections % FULL_FRAME_INTERVAL === 0;
    const large = width >= MIN_FACE_FRACTION * fullFrame.size;
    const view = scan || (large && (confirmed || score >= this.#confirmThreshold))
      ? fullFrame
      : closeUp(face, image, Math.min(fullFrame.size, CLOSE_UP_FACE_WIDTHS * width));
    return this.#request(view, this.#rotation, { fullFrame, threshold: THRESHOLD.known });
  }

  #request(
    view: Square,
    rotation: QuarterTurns,
    { fullFrame, threshold }: { fullFrame: Square; threshold: number },
  ): DetectionRequest {
    this.#rotation = rotation;
    this.#confirmThreshold = view === fullFrame && rotation === 0
      ? CONFIRM_THRESHOLD.fullFrame
      : CONFIRM_THRESHOLD.closeUp;
    return { view, rotation, threshold, confirmThreshold: this.#confirmThreshold };
  }

  /** Every other search covers the upright full frame, because most faces are found there. */
  #search(image: Size, fullFrame: Square): DetectionRequest {
    const options = { fullFrame, threshold: THRESHOLD.new };
    if (this.#detections % 2) return this.#request(fullFrame, 0, options);
    const others: readonly (readonly [Square, QuarterTurns])[] = [
      ...halfSizeViews(image).map((view) => [view, 0] as const),
      ...([1, 3, 2] as const).map((rotation) => [fullFrame, rotation] as const),
    ];
    const [view, rotation] = others[(this.#detections / 2 - 1) % others.length] ?? [fullFrame, 0];
    return this.#request(view, rotation, options);
  }
}

const NEXT_ROTATION = [1, 3, 0, 2] as const satisfies readonly QuarterTurns[];

function closeUp(face: Box, image: Size, size: number): Square {
  return {
    x: (face.x + face.width / 2) * image.width - size / 2,
    y: (face.y + face.height / 2) * image.height - size / 2,
    size,
  };
}

/** Returns overlapping squares of half the longer side of the image, those in the centre first. */
function halfSizeViews({ width, height }: Size): Square[] {
  const size = Math.max(width, height) / 2;
  const starts = (length: number) =>
    length - size < size / 4
      ? [(length - size) / 2]
      : [0.5, 0, 1].map((at) => at * (length - size));
  const rows = height >= width ? starts(height) : [0, height - size];
  return rows.flatMap((y) => starts(width).map((x) => ({ x, y, size })));
}
