import type { MonotonicUs } from "../base/time.ts";
import type { Image } from "../capture/frame.ts";
import type { Rgb } from "./color.ts";

/** Samples of chroma per frame: columns and rows of a grid over the image. Chosen. */
const GRID = { columns: 40, rows: 30 } as const;
/** Luma outside of which chroma is unknown: quantization and clipping remove it. Chosen. */
const USABLE_LUMA = { min: 24, max: 235 } as const;
/** Share of the grid that must be usable. Chosen. */
const MIN_USABLE = 0.1;
/** Largest distance of a neutral sample from 128: JPEG rounds each sample by up to one. Chosen. */
const NEUTRAL_CHROMA = 2;
/**
 * Share of colored samples up to which an image is grayscale, and from which it is in color. Some
 * cameras draw a colored clock into a grayscale image. Chosen.
 */
const COLORED_SHARE = { grayscale: 0.01, color: 0.04 } as const;
/**
 * Difference of the largest and the smallest of red, green and blue of the skin, relative to their
 * mean. Skin of all tones absorbs more blue than red: 0.2 and more in white light. Chosen.
 */
const SKIN_SATURATION = { grayscale: 0.03, color: 0.06 } as const;
/** Time for which the evidence must contradict the present state. Chosen. */
const HOLD_US = 1_000_000;
/** Longest time that one frame counts for: a gap proves nothing. Chosen. */
const MAX_STEP_US = 200_000;

type Evidence = "grayscale" | "color" | "unknown";

/** What one frame shows besides its pixels. */
export interface GrayscaleContext {
  readonly timeUs: MonotonicUs;
  /** Mean color of the skin of the face; undefined without a face. */
  readonly skin: Rgb | undefined;
}

/**
 * Decides whether a camera delivers grayscale images, as near-infrared cameras do, and color cameras
 * in the dark whose infrared filter has moved away. A format without chroma decides at once. With
 * chroma, skin decides: it must be neutral for a second, and so must the image around it, so that
 * neither a gray room nor the noise of a color camera in the dark counts. Color in an image ends it
 * after a second.
 */
export class GrayscaleDetector {
  #isGrayscale = false;
  #previousUs = Infinity;
  /** Time for which the evidence has contradicted the present state. */
  #contradictedUs = 0;

  /** Whether the images are grayscale, as of the newest frame. */
  get isGrayscale(): boolean {
    return this.#isGrayscale;
  }

  /** Adds a frame; returns whether its images are grayscale. */
  push(image: Image, { timeUs, skin }: GrayscaleContext): boolean {
    const stepUs = Math.min(MAX_STEP_US, Math.max(0, timeUs - this.#previousUs));
    this.#previousUs = timeUs;
    if (!image.u || !image.v) {
      this.#contradictedUs = 0;
      return this.#isGrayscale = true;
    }
    const evidence = evidenceOf(image, skin);
    if (evidence === "unknown") return this.#isGrayscale;
    const contradicts = (evidence === "grayscale") !== this.#isGrayscale;
    this.#contradictedUs = contradicts ? this.#contradictedUs + stepUs : 0;
    if (this.#contradictedUs >= HOLD_US) {
      this.#contradictedUs = 0;
      this.#isGrayscale = !this.#isGrayscale;
    }
    return this.#isGrayscale;
  }
}

function evidenceOf(image: Image, skin: Rgb | undefined): Evidence {
  const saturation = skin && saturationOf(skin);
  if (saturation !== undefined && saturation >= SKIN_SATURATION.color) return "color";
  const colored = coloredShare(image);
  if (colored === undefined) return "unknown";
  if (colored >= COLORED_SHARE.color) return "color";
  const isNeutral = saturation !== undefined && saturation <= SKIN_SATURATION.grayscale;
  return isNeutral && colored <= COLORED_SHARE.grayscale ? "grayscale" : "unknown";
}

/** Returns undefined for skin too dark or too bright for its color to be known. */
function saturationOf({ r, g, b }: Rgb): number | undefined {
  const mean = (r + g + b) / 3;
  if (mean < USABLE_LUMA.min || mean > USABLE_LUMA.max) return undefined;
  return (Math.max(r, g, b) - Math.min(r, g, b)) / mean;
}

/** Share of the usable samples that are not neutral; undefined if too few are usable. */
function coloredShare(image: Image): number | undefined {
  const { width, height, y, u, v, yStride, uvStride, chromaShiftX, chromaShiftY } = image;
  let usable = 0, colored = 0;
  for (let row = 0; row < GRID.rows; row++) {
    const at = Math.floor(((row + 0.5) * height) / GRID.rows);
    for (let column = 0; column < GRID.columns; column++) {
      const across = Math.floor(((column + 0.5) * width) / GRID.columns);
      const luma = y[at * yStride + across]!;
      if (luma < USABLE_LUMA.min || luma > USABLE_LUMA.max) continue;
      const chroma = (at >> chromaShiftY) * uvStride + (across >> chromaShiftX);
      usable++;
      const distance = Math.max(Math.abs(u![chroma]! - 128), Math.abs(v![chroma]! - 128));
      if (distance > NEUTRAL_CHROMA) colored++;
    }
  }
  return usable < MIN_USABLE * GRID.rows * GRID.columns ? undefined : colored / usable;
}
