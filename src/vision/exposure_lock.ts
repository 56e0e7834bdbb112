import type { RegionSample } from "./region_sample.ts";

/** Time without motion after which the exposure is locked. Chosen. */
const STEADY_US = 3_000_000;
/** Largest speed of a still face, in face widths per second. Chosen. */
const STEADY_SPEED = 0.15;
/** Time without a face after which the exposure is unlocked. Chosen. */
const FACE_LOST_US = 10_000_000;
/** Range of mean luma of a good exposure. Chosen. */
const WELL_LIT = { min: 50, max: 210 } as const;

/**
 * Decides when to lock the exposure of a camera. Automatic exposure resembles a pulse, but a lock at
 * a wrong exposure would persist.
 */
export class ExposureLock {
  #locked = false;
  #unsteadyUs: number | undefined;
  #lastFaceUs = 0;

  /** Returns what to do after this sample, or undefined for nothing. */
  observe({ timeUs, face, brightness }: RegionSample): "lock" | "unlock" | undefined {
    if (face) this.#lastFaceUs = timeUs;
    if (this.#locked) {
      if (timeUs - this.#lastFaceUs < FACE_LOST_US && isWellLit(brightness)) return undefined;
      this.#locked = false;
      this.#unsteadyUs = timeUs;
      return "unlock";
    }
    const steady = face !== undefined && face.speed < STEADY_SPEED && isWellLit(brightness);
    if (!steady || this.#unsteadyUs === undefined) this.#unsteadyUs = timeUs;
    if (timeUs - this.#unsteadyUs < STEADY_US) return undefined;
    this.#locked = true;
    return "lock";
  }

  /** Resets the state, because a camera that reconnects is unlocked. */
  reset(): void {
    this.#locked = false;
    this.#unsteadyUs = undefined;
  }
}

function isWellLit(brightness: number): boolean {
  return brightness > WELL_LIT.min && brightness < WELL_LIT.max;
}
