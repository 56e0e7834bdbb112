import { openNativeLibrary } from "./library.ts";

const SYMBOLS = {
  ph_scene_draw: {
    parameters: [
      "buffer", // const int16_t *pixels
      "buffer", // const int32_t *noise
      "buffer", // const struct ph_scene_segment *segments
      "i32", // int32_t count
      "i32", // int32_t width
      "i32", // int32_t offset
      "i32", // int32_t shift
      "buffer", // uint8_t *out
    ],
    result: "void",
  },
  ph_scene_pulse: {
    parameters: [
      "buffer", // const int16_t *base
      "buffer", // const int16_t *skin
      "buffer", // const int32_t *ranges
      "i32", // int32_t count
      "i32", // int32_t pulse
      "i32", // int32_t shift
      "buffer", // int16_t *pixels
    ],
    result: "void",
  },
} as const satisfies Deno.ForeignLibraryInterface;

const native = () => openNativeLibrary(SYMBOLS);

/** Weights of the pixel at the source, the next one, and the two below them. */
export interface SegmentWeights {
  readonly here: number;
  readonly next: number;
  readonly below: number;
  readonly belowNext: number;
}

/** Part of a row, which is drawn from consecutive pixels. All positions are indices of samples. */
export interface SceneSegment {
  readonly out: number;
  readonly length: number;
  readonly source: number;
  readonly noise: number;
  readonly weights: SegmentWeights;
}

/** Number of fields of `struct ph_scene_segment` (scene.h), all of which are `int32_t`. */
const FIELDS = 8;

/** List of the segments of a plane, whose memory is kept from one frame to the next. */
export class SceneSegments {
  #fields = new Int32Array(new ArrayBuffer(256 * FIELDS * Int32Array.BYTES_PER_ELEMENT));
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The segments as an array of `struct ph_scene_segment`. */
  get fields(): Int32Array<ArrayBuffer> {
    return this.#fields;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Appends a segment, unless it is empty. */
  push({ out, length, source, noise, weights }: SceneSegment): void {
    if (length <= 0) return;
    if ((this.#count + 1) * FIELDS > this.#fields.length) this.#grow();
    const { here, next, below, belowNext } = weights;
    const fields = this.#fields;
    let at = this.#count++ * FIELDS;
    fields[at++] = out;
    fields[at++] = length;
    fields[at++] = source;
    fields[at++] = noise;
    fields[at++] = here;
    fields[at++] = next;
    fields[at++] = below;
    fields[at] = belowNext;
  }

  #grow(): void {
    const grown = new Int32Array(new ArrayBuffer(2 * this.#fields.byteLength));
    grown.set(this.#fields);
    this.#fields = grown;
  }
}

/** What {@linkcode drawSegments} draws from, in fixed point. */
export interface SceneSource {
  readonly pixels: Int16Array<ArrayBuffer>;
  readonly noise: Int32Array<ArrayBuffer>;
  /** Number of pixels from one row to the next. */
  readonly width: number;
  /** Added to each sum of weighted pixels and noise, which is then divided by 2^`shift`. */
  readonly offset: number;
  readonly shift: number;
}

/** Draws segments, which must lie within the source and `out`, with samples of 0 to 255. */
export function drawSegments(
  { pixels, noise, width, offset, shift }: SceneSource,
  segments: SceneSegments,
  out: Uint8Array<ArrayBuffer>,
): void {
  const { fields, count } = segments;
  native().ph_scene_draw(pixels, noise, fields, count, width, offset, shift, out);
}

/** Pixels without pulse, and their change with it. */
export interface PulsatingPixels {
  readonly base: Int16Array<ArrayBuffer>;
  readonly skin: Int16Array<ArrayBuffer>;
  /** Pairs of indices: the first pixel of a range, and that after its last. */
  readonly ranges: Int32Array<ArrayBuffer>;
}

/** Sets the pixels of the ranges to `base + skin * pulse / 2^shift`. */
export function applyPulse(
  { base, skin, ranges }: PulsatingPixels,
  { pulse, shift }: { readonly pulse: number; readonly shift: number },
  pixels: Int16Array<ArrayBuffer>,
): void {
  native().ph_scene_pulse(base, skin, ranges, ranges.length / 2, pulse, shift, pixels);
}
