import type { DetectionTarget } from "./detection_scheduler.ts";

/**
 * Interval between detections in microseconds, by the state of the track. A face that is still is
 * compared with its last detection in every frame, so that it is detected less often.
 */
const INTERVAL_US = {
  tracked: 200_000,
  still: 500_000,
  missed: 50_000,
  lost: 100_000,
  tentative: 0,
} as const;
/** Largest number of consecutive detections of a tentative track without delay. Chosen. */
const MAX_TENTATIVE_DETECTIONS = 6;

/** Says when the next detection is due. */
export class DetectionTiming {
  #lastUs = -Infinity;
  #tentativeDetections = 0;

  /** @param isStill whether the frame shows the target as it was detected last */
  isDue(
    timeUs: number,
    { target, isStill }: { readonly target: DetectionTarget; readonly isStill: boolean },
  ): boolean {
    const elapsedUs = timeUs - this.#lastUs;
    return elapsedUs >= INTERVAL_US[this.#stateOf(target, isStill)] || elapsedUs < 0;
  }

  /** Call when a detection starts. */
  onStart(timeUs: number, { face, confirmed }: DetectionTarget): void {
    this.#lastUs = timeUs;
    this.#tentativeDetections = face && !confirmed ? this.#tentativeDetections + 1 : 0;
  }

  /** Makes the next detection due at once. */
  reset(): void {
    this.#lastUs = -Infinity;
  }

  #stateOf({ face, confirmed, missed }: DetectionTarget, isStill: boolean) {
    if (confirmed) return missed ? "missed" : isStill ? "still" : "tracked";
    const isTentative = face && this.#tentativeDetections < MAX_TENTATIVE_DETECTIONS;
    return isTentative ? "tentative" : "lost";
  }
}
