import type { Image } from "../capture/frame.ts";
import type { MonotonicUs } from "../base/time.ts";
import type { DetectOptions } from "../vision/detector.ts";
import type { Box } from "../vision/region_sample.ts";
import { blurFaces } from "./blur.ts";
import { copyImage } from "./raw_image.ts";

/** Finds the faces in an image, which it reads before it returns. */
export interface FaceFinder extends Disposable {
  detect(image: Image, options?: DetectOptions): Promise<readonly { readonly box: Box }[]>;
}

interface FoundFace {
  readonly box: Box;
  readonly timeUs: MonotonicUs;
}

/**
 * Smallest score of a face that is blurred. Lower than that of a face that is measured: to blur a
 * wrist costs little, to publish a face cannot be undone. Chosen.
 */
const THRESHOLD = 0.3;
/** Time for which the place of a face stays blurred after it was last found there. Chosen. */
const KEEP_US = 2_000_000;

/**
 * Blurs the faces in published frames. Each frame is searched itself before it is published, and
 * all places where a face was found or tracked in the last 2 s are blurred: those of a face that the
 * detector misses, or that entered between two of its detections.
 */
export class FaceBlur implements AsyncDisposable {
  readonly #finder: FaceFinder;
  #found: FoundFace[] = [];
  /** Settles when the present search is done. */
  #searching: Promise<unknown> | undefined;

  /** @param finder is disposed of with this. */
  constructor(finder: FaceFinder) {
    this.#finder = finder;
  }

  /**
   * Returns a copy of the image in which all faces are blurred, or undefined if a previous image is
   * still being searched.
   *
   * @param tracked boxes of faces that the tracker expects, as fractions of the image
   * @throws {Error} if the detector fails: such a frame must not be published
   */
  async apply(
    image: Image,
    { timeUs, tracked }: { readonly timeUs: MonotonicUs; readonly tracked: readonly Box[] },
  ): Promise<Image | undefined> {
    if (this.#searching) return undefined;
    const copy = copyImage(image);
    const search = this.#finder.detect(copy, { threshold: THRESHOLD });
    this.#searching = search.catch(() => {}).finally(() => this.#searching = undefined);
    const boxes = [...(await search).map(({ box }) => box), ...tracked];
    this.#found = this.#found.filter((each) => Math.abs(timeUs - each.timeUs) <= KEEP_US)
      .concat(boxes.map((box) => ({ box, timeUs })));
    blurFaces(copy, this.#distinct());
    return copy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#searching;
    this.#finder[Symbol.dispose]();
  }

  /** Returns the places to blur; of those that nearly coincide, the newest. */
  #distinct(): Box[] {
    const kept: FoundFace[] = [];
    for (const each of this.#found.toReversed()) {
      if (!kept.some(({ box }) => coincide(box, each.box))) kept.push(each);
    }
    this.#found = kept.toReversed();
    return kept.map(({ box }) => box);
  }
}

/** True if the margin of one box covers the other. */
function coincide(a: Box, b: Box): boolean {
  const tolerance = 0.1 * Math.min(a.width, b.width);
  return Math.abs(a.x - b.x) < tolerance && Math.abs(a.y - b.y) < tolerance &&
    Math.abs(a.width - b.width) < tolerance && Math.abs(a.height - b.height) < tolerance;
}
