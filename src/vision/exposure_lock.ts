import type { RegionSample } from "./region_sample.ts";

/** Time without motion after which the exposure is locked. Chosen. */
const STEADY_US = 3_000_000;
/** Largest speed of a still face, in face widths per second. Chosen. */
const STEADY_SPEED = 0.15;
/** Time without a face after which the exposure is unlocked. Chosen. */
const FACE_LOST_US = 10_000_000;
/**
 * Ranges of mean luma in which the exposure is locked, and in which it stays locked: hysteresis, as
 * a scene near a limit would lock and unlock every few seconds. Chosen.
 */
const LOCKING_LUMA = { min: 50, max: 210 } as const;
const LOCKED_LUMA = { min: 40, max: 220 } as const;

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
      if (timeUs - this.#lastFaceUs < FACE_LOST_US && isWithin(brightness, LOCKED_LUMA)) {
        return undefined;
      }
      this.#locked = false;
      this.#unsteadyUs = timeUs;
      return "unlock";
    }
    const steady = face !== undefined && face.speed < STEADY_SPEED &&
      isWithin(brightness, LOCKING_LUMA);
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

function isWithin(
  brightness: number,
  { min, max }: { readonly min: number; readonly max: number },
): boolean {
  return brightness > min && brightness < max;
}
