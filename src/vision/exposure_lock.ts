import type { RegionSample } from "./region_sample.ts";

/** A face that keeps still for so long has found its place. */
const STEADY_US = 3_000_000;
/** Faster than this, in widths of the face a second, is not still. */
const STEADY_SPEED = 0.15;
/** Without a face for so long, the light is another's business: the camera may adapt again. */
const GONE_US = 10_000_000;
/** Outside of these bounds of mean luma the camera has not found a good exposure. */
const WELL_LIT = { least: 50, most: 210 } as const;

/**
 * Says when a camera should hold its exposure: its own hunting for the right one looks like a
 * pulse, but a lock on a wrong one would last.
 */
export class ExposureLock {
  #locked = false;
  #restlessUs: number | undefined;
  #faceUs = 0;

  /** What to do after this sample, where anything is to be done. */
  observe({ timeUs, face, brightness }: RegionSample): "lock" | "unlock" | undefined {
    if (face) this.#faceUs = timeUs;
    if (this.#locked) {
      if (timeUs - this.#faceUs < GONE_US && isWellLit(brightness)) return undefined;
      this.#locked = false;
      this.#restlessUs = timeUs;
      return "unlock";
    }
    const steady = face !== undefined && face.speed < STEADY_SPEED && isWellLit(brightness);
    if (!steady || this.#restlessUs === undefined) this.#restlessUs = timeUs;
    if (timeUs - this.#restlessUs < STEADY_US) return undefined;
    this.#locked = true;
    return "lock";
  }

  /** A camera that comes back has forgotten its lock. */
  reset(): void {
    this.#locked = false;
    this.#restlessUs = undefined;
  }
}

function isWellLit(brightness: number): boolean {
  return brightness > WELL_LIT.least && brightness < WELL_LIT.most;
}
