import { resampleRgb } from "../../ffi/regions.ts";
import type { Image } from "../capture/frame.ts";
import type { Box } from "./region_sample.ts";

/** Width and height of a thumbnail of the face, in pixels. Chosen. */
const SIZE = 16;
/** Age of the thumbnail that a frame is compared with: less than a head needs to turn. Chosen. */
const LAG_US = 150_000;
/**
 * Smallest correlation of two thumbnails of one person. Measured: 0.87 or more over 0.15 s for
 * people who talk, nod, sway or exercise, 0.3 or less across a cut to another person.
 */
const MIN_CORRELATION = 0.6;
/**
 * Smallest correlation of two thumbnails of a face that has not moved since it was detected. Chosen:
 * a blink or a smile may fall below it, noise in good light does not.
 */
const MIN_STILL_CORRELATION = 0.95;
/** Consecutive frames that must differ: one alone may be damaged. Chosen. */
const MIN_FRAMES = 2;

interface Thumbnail {
  readonly timeUs: number;
  readonly box: Box;
  /** Luma without its mean, scaled to a sum of squares of 1. */
  readonly pattern: Float32Array;
}

/**
 * Compares the face with itself a moment ago: another person in the same place, after a cut or a
 * change of the camera, must not continue the measurement. The patterns are compared without their
 * mean and contrast, so that light and exposure do not matter. A face is the same if it is where it
 * is tracked now, or where it was: then only its box has jumped.
 */
export class Appearance {
  #thumbnails: Thumbnail[] = [];
  #different = 0;
  /** The pattern of the newest frame. */
  #newest: Float32Array | undefined;
  /** The pattern of the newest frame when the face was detected last. */
  #detected: Float32Array | undefined;
  readonly #rgb = new Float32Array(SIZE * SIZE * 3);

  /** Returns whether `box` shows another face than before, or no face at all. */
  isReplaced(image: Image, { box, timeUs }: { box: Box; timeUs: number }): boolean {
    const thumbnail = { timeUs, box, pattern: this.#patternOf(image, box) };
    this.#newest = thumbnail.pattern;
    const reference = this.#thumbnails.findLast((other) => timeUs - other.timeUs >= LAG_US);
    const differs = reference !== undefined &&
      correlation(reference.pattern, thumbnail.pattern) < MIN_CORRELATION &&
      correlation(reference.pattern, this.#patternOf(image, reference.box)) < MIN_CORRELATION;
    this.#different = differs ? this.#different + 1 : 0;
    if (this.#different >= MIN_FRAMES) {
      this.reset();
      return true;
    }
    // A frame that differs is no reference for the next one.
    if (differs) return false;
    if (reference) this.#thumbnails.splice(0, this.#thumbnails.indexOf(reference));
    this.#thumbnails.push(thumbnail);
    return false;
  }

  /** Call when the face was detected in the newest frame. */
  onDetected(): void {
    this.#detected = this.#newest;
  }

  /** Whether the newest frame shows the face as it was detected last. */
  get isUnchanged(): boolean {
    if (!this.#newest || !this.#detected) return false;
    return correlation(this.#detected, this.#newest) >= MIN_STILL_CORRELATION;
  }

  /** Forgets the face. */
  reset(): void {
    this.#thumbnails = [];
    this.#newest = this.#detected = undefined;
    this.#different = 0;
  }

  #patternOf(image: Image, { x, y, width, height }: Box): Float32Array {
    const rgb = this.#rgb;
    resampleRgb(image, rgb, {
      from: {
        x: x * image.width,
        y: y * image.height,
        width: width * image.width,
        height: height * image.height,
      },
      width: SIZE,
      height: SIZE,
    });
    const pattern = new Float32Array(SIZE * SIZE);
    let mean = 0;
    for (let k = 0; k < pattern.length; k++) {
      pattern[k] = rgb[3 * k]! + rgb[3 * k + 1]! + rgb[3 * k + 2]!;
      mean += pattern[k]! / pattern.length;
    }
    let squares = 0;
    for (let k = 0; k < pattern.length; k++) squares += (pattern[k]! -= mean) ** 2;
    const scale = 1 / Math.sqrt(squares || 1);
    for (let k = 0; k < pattern.length; k++) pattern[k]! *= scale;
    return pattern;
  }
}

/** Pearson's correlation of two patterns; 1 if both are flat, such as those of a covered camera. */
function correlation(a: Float32Array, b: Float32Array): number {
  let [sum, isFlat] = [0, true];
  for (let k = 0; k < a.length; k++) {
    sum += a[k]! * b[k]!;
    isFlat &&= a[k] === 0 && b[k] === 0;
  }
  return isFlat ? 1 : sum;
}
