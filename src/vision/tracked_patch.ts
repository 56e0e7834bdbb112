import type { PixelRectangle, RegionMeter } from "../../ffi/regions.ts";
import type { Displacement } from "./region_sample.ts";

/** Patch of the body whose motion is tracked. It is moved only if its position is far off. */
export class TrackedPatch {
  readonly #meter: RegionMeter;
  readonly #motion: number;
  readonly #region: number;
  #rectangle: PixelRectangle | undefined;
  #y = 0;

  /**
   * @param options.motion index of the meter's motion estimate to use.
   * @param options.region index of the region whose mask limits the patch; -1 for none.
   */
  constructor(meter: RegionMeter, { motion, region = -1 }: { motion: number; region?: number }) {
    this.#meter = meter;
    this.#motion = motion;
    this.#region = region;
  }

  /** Moves the patch, or removes it; a change of `tolerance` pixels or less is ignored. */
  moveTo(rectangle: PixelRectangle | undefined, tolerance = 0): void {
    const before = this.#rectangle;
    if (!rectangle && !before) return;
    if (rectangle && before && maxEdgeDistance(rectangle, before) <= tolerance) return;
    this.#meter.track(this.#motion, rectangle, this.#region);
    this.#rectangle = rectangle;
    this.#y = this.#meter.position(this.#motion).y;
  }

  /** Returns the motion since the previous call; undefined if there is no patch. */
  takeDisplacement(imageHeight: number): Displacement | undefined {
    if (!this.#rectangle) return undefined;
    const { y, confidence } = this.#meter.position(this.#motion);
    const dy = (y - this.#y) / imageHeight;
    this.#y = y;
    return { dy, confidence };
  }
}

/** Returns the largest distance between corresponding edges of two rectangles. */
function maxEdgeDistance(a: PixelRectangle, b: PixelRectangle): number {
  return Math.max(
    Math.abs(a.x - b.x),
    Math.abs(a.y - b.y),
    Math.abs(a.x + a.width - b.x - b.width),
    Math.abs(a.y + a.height - b.y - b.height),
  );
}
