import { applyPulse, drawSegments, SceneSegments } from "../../../ffi/scene.ts";
import type { Image } from "../frame.ts";
import type { BufferPool } from "../buffer_pool.ts";
import { type PostureRows, postureRows } from "./posture.ts";
import { Random } from "./random.ts";
import { LEVEL, type Scene, type ScenePlane, SKIN_LEVEL } from "./scene.ts";

/** State of the scene in one frame. */
export interface SceneState {
  /** Number of the frame; together with the seed it determines the noise. */
  readonly index: number;
  /** Blood volume pulse of the skin. */
  readonly pulse: number;
  /** Rise of the chest in image pixels. */
  readonly rise: number;
  /** Displacement of the head in image pixels. */
  readonly swayX: number;
  readonly swayY: number;
  /** Illumination: 1 is the scene as it was painted. */
  readonly light: number;
}

export interface RendererOptions {
  readonly seed: number;
  /** Standard deviation of the noise in red, green and blue, or in infrared, in grey levels. */
  readonly noise: number;
  /** Largest sway of a person, in pixels. */
  readonly maxSwayPx: number;
}

/** Fractional bits of the weights, so that a faint flicker is smooth. */
const WEIGHT_BITS = 12;
const PULSE_BITS = 8;
const SHIFT = WEIGHT_BITS + Math.log2(LEVEL);
const ONE = 1 << SHIFT;
const NOISE_ENTRIES = 1 << 16;

/** Gain from independent noise in red, green and blue to Y, and to U and V of 2x2 pixels. */
const Y_NOISE = Math.hypot(0.299, 0.587, 0.114);
const U_NOISE = Math.hypot(0.168736, 0.331264, 0.5) / 2;
const V_NOISE = Math.hypot(0.5, 0.418688, 0.081312) / 2;

/** Renders a scene: the scene at rest, warped row by row, illuminated, with new noise. */
export class Renderer {
  readonly #planes: readonly PlaneRenderer[];
  readonly #seed: number;

  constructor(scene: Scene, { seed, noise, maxSwayPx }: RendererOptions) {
    this.#seed = seed;
    const isGrayscale = scene.planes.length === 1;
    const levels = isGrayscale ? [noise] : [Y_NOISE * noise, U_NOISE * noise, V_NOISE * noise];
    this.#planes = scene.planes.map((plane, i) =>
      new PlaneRenderer(plane, {
        people: scene.people.map((person) => postureRows(person, { plane, maxSwayPx })),
        noise: levels[i]!,
        offset: i === 0 ? 0 : 128,
        random: new Random(seed, 3, i),
      })
    );
  }

  /** Renders one frame into a buffer of the pool; the caller releases the buffer. */
  draw(state: SceneState, pool: BufferPool): { image: Image; buffer: Uint8Array<ArrayBuffer> } {
    const [luma, chroma] = [this.#planes[0]!, this.#planes[1]];
    const buffer = pool.acquire(this.#planes.reduce((sum, { size }) => sum + size, 0));
    const random = new Random(this.#seed, 4, state.index);
    let start = 0;
    const [y, u, v] = this.#planes.map((plane) => {
      const part = buffer.subarray(start, start += plane.size);
      plane.draw(state, part, random);
      return part;
    });
    const { width, height } = luma;
    const image: Image = {
      width,
      height,
      y: y!,
      ...u && v && { u, v },
      yStride: width,
      uvStride: chroma?.width ?? 0,
      chromaShiftX: 1,
      chromaShiftY: 1,
      color: { range: "full", matrix: "bt601" },
    };
    return { image, buffer };
  }
}

class PlaneRenderer {
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly #plane: ScenePlane;
  readonly #people: readonly PostureRows[];
  readonly #offset: number;
  /** The scene with the current pulse in its skin. */
  readonly #pixels: Int16Array<ArrayBuffer>;
  /** Skin of each row that has any: index of the first pixel, and after the last. */
  readonly #skinRanges: Int32Array<ArrayBuffer>;
  readonly #noise: Int32Array<ArrayBuffer>;
  readonly #segments = new SceneSegments();

  constructor(
    plane: ScenePlane,
    { people, noise, offset, random }: {
      people: readonly PostureRows[];
      noise: number;
      offset: number;
      random: Random;
    },
  ) {
    this.width = plane.width;
    this.height = plane.height;
    this.size = plane.width * plane.height;
    this.#plane = plane;
    this.#people = people;
    this.#offset = offset * ONE + ONE / 2;
    this.#pixels = plane.base.slice();
    this.#skinRanges = skinRanges(plane);
    this.#noise = Int32Array.from(
      { length: NOISE_ENTRIES + plane.width },
      () => noise === 0 ? 0 : Math.round(ONE * noise * random.gaussian()),
    );
  }

  draw(state: SceneState, into: Uint8Array<ArrayBuffer>, random: Random): void {
    this.#applyPulse(state.pulse);
    const light = Math.round(state.light * (1 << WEIGHT_BITS));
    this.#segments.clear();
    for (let row = 0; row < this.height; row++) {
      const noiseAt = (random.bits() >>> 16) % NOISE_ENTRIES;
      let from = 0;
      for (const person of this.#people) {
        if (row < person.firstRow) continue;
        const left = Math.max(from, person.left[row]!), right = person.right[row]!;
        this.#addStatic({ row, from, to: left, light, noiseAt });
        this.#addMoved({ row, from: left, to: right, light, noiseAt }, person, state);
        from = Math.max(left, right);
      }
      this.#addStatic({ row, from, to: this.width, light, noiseAt });
    }
    const { width } = this;
    const source = { pixels: this.#pixels, noise: this.#noise, width, offset: this.#offset };
    drawSegments({ ...source, shift: SHIFT }, this.#segments, into);
  }

  /** Modulates the skin with the pulse. */
  #applyPulse(pulse: number): void {
    const { base, skin } = this.#plane;
    const scaled = Math.round(pulse * (1 << PULSE_BITS)) | 0; // FFI does not accept -0
    const shift = PULSE_BITS + Math.log2(SKIN_LEVEL / LEVEL);
    const ranges = this.#skinRanges;
    applyPulse({ base, skin, ranges }, { pulse: scaled, shift }, this.#pixels);
  }

  #addStatic({ row, from, to, light, noiseAt }: RowSegment): void {
    const out = row * this.width + from;
    const weights = { here: light, next: 0, below: 0, belowNext: 0 };
    this.#segments.push({ out, length: to - from, source: out, noise: noiseAt + from, weights });
  }

  /** Adds a displaced segment, with bilinear interpolation at its source position. */
  #addMoved(
    { row, from, to, light, noiseAt }: RowSegment,
    person: PostureRows,
    state: SceneState,
  ): void {
    const { width, height } = this;
    const { step } = this.#plane;
    const sway = person.sway[row]!;
    const fromY = row + (state.rise * person.breath[row]! - state.swayY * sway) / step;
    const fromX = -(state.swayX * sway) / step;
    const y = Math.min(height - 2, Math.max(0, Math.floor(fromY)));
    const down = Math.min(1, Math.max(0, fromY - y)) * light;
    const shift = Math.floor(fromX);
    const across = fromX - shift;
    const below = Math.round(down * (1 - across)), belowNext = Math.round(down * across);
    const next = Math.round((light - down) * across);
    const here = light - next - below - belowNext;
    const first = Math.max(from, -shift), end = Math.min(to, width - 1 - shift);
    this.#addStatic({ row, from, to: Math.min(first, to), light, noiseAt });
    this.#segments.push({
      out: row * width + first,
      length: end - first,
      source: y * width + shift + first,
      noise: noiseAt + first,
      weights: { here, next, below, belowNext },
    });
    this.#addStatic({ row, from: Math.max(first, end), to, light, noiseAt });
  }
}

/** Columns `from` up to, but not including, `to` of one row. */
interface RowSegment {
  readonly row: number;
  readonly from: number;
  readonly to: number;
  readonly light: number;
  /** Index into the noise table at which the row starts. */
  readonly noiseAt: number;
}

function skinRanges({ width, height, skin }: ScenePlane): Int32Array<ArrayBuffer> {
  const ranges: number[] = [];
  for (let row = 0; row < height; row++) {
    const values = skin.subarray(row * width, (row + 1) * width);
    const first = values.findIndex((value) => value !== 0);
    if (first < 0) continue;
    const last = values.findLastIndex((value) => value !== 0);
    ranges.push(row * width + first, row * width + last + 1);
  }
  return Int32Array.from(ranges);
}
