import type { RegionMeter } from "../../ffi/regions.ts";
import type { Place } from "./layout.ts";
import type { Displacement } from "./region_sample.ts";

/** A patch of the body whose motion is followed, and which is placed anew only when it must be. */
export class FollowedPatch {
  readonly #meter: RegionMeter;
  readonly #motion: number;
  readonly #region: number;
  #place: Place | undefined;
  #y = 0;

  /**
   * @param options.motion which of the meter's motions it uses.
   * @param options.region the region in whose mask it lies; -1 for none.
   */
  constructor(meter: RegionMeter, { motion, region = -1 }: { motion: number; region?: number }) {
    this.#meter = meter;
    this.#motion = motion;
    this.#region = region;
  }

  /** Says where it lies; a place that is off by `rest` pixels or less changes nothing. */
  placeAt(place: Place | undefined, rest = 0): void {
    const before = this.#place;
    if (!place && !before) return;
    if (place && before && gap(place, before) <= rest) return;
    this.#meter.track(this.#motion, place, this.#region);
    this.#place = place;
    this.#y = this.#meter.position(this.#motion).y;
  }

  /** The motion since the last call, where something is followed. */
  take(pictureHeight: number): Displacement | undefined {
    if (!this.#place) return undefined;
    const { y, confidence } = this.#meter.position(this.#motion);
    const dy = (y - this.#y) / pictureHeight;
    this.#y = y;
    return { dy, confidence };
  }
}

/** How far the edges of two places are apart at most. */
function gap(a: Place, b: Place): number {
  return Math.max(
    Math.abs(a.x - b.x),
    Math.abs(a.y - b.y),
    Math.abs(a.x + a.width - b.x - b.width),
    Math.abs(a.y + a.height - b.y - b.height),
  );
}
