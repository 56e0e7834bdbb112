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
  /** Standard deviation of the sensor noise in each of red, green and blue, in grey levels. */
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
    const levels = [Y_NOISE * noise, U_NOISE * noise, V_NOISE * noise];
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
    const [luma, chroma] = [this.#planes[0]!, this.#planes[1]!];
    const buffer = pool.acquire(luma.size + 2 * chroma.size);
    const random = new Random(this.#seed, 4, state.index);
    const ends = [luma.size, luma.size + chroma.size, buffer.length];
    const [y, u, v] = this.#planes.map((plane, i) => {
      const part = buffer.subarray(ends[i]! - plane.size, ends[i]);
      plane.draw(state, part, random);
      return part;
    });
    const { width, height } = luma;
    const image: Image = {
      width,
      height,
      y: y!,
      u: u!,
      v: v!,
      yStride: width,
      uvStride: chroma.width,
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
  readonly #pixels: Int16Array;
  /** Skin pixels of each row that has any: index of the first, and after the last. */
  readonly #skinRows: readonly (readonly [from: number, to: number])[];
  readonly #noise: Int32Array;

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
    this.#skinRows = skinRows(plane);
    this.#noise = Int32Array.from(
      { length: NOISE_ENTRIES + plane.width },
      () => noise === 0 ? 0 : Math.round(ONE * noise * random.gaussian()),
    );
  }

  draw(state: SceneState, into: Uint8Array<ArrayBuffer>, random: Random): void {
    this.#applyPulse(state.pulse);
    // A clamped view, because light and noise may exceed 0..255.
    const out = new Uint8ClampedArray(into.buffer, into.byteOffset, into.length);
    const light = Math.round(state.light * (1 << WEIGHT_BITS));
    for (let row = 0; row < this.height; row++) {
      const noiseAt = (random.bits() >>> 16) % NOISE_ENTRIES;
      let from = 0;
      for (const person of this.#people) {
        if (row < person.firstRow) continue;
        const left = Math.max(from, person.left[row]!), right = person.right[row]!;
        this.#drawStatic(out, { row, from, to: left, light, noiseAt });
        this.#drawMoved(out, { row, from: left, to: right, light, noiseAt, person, state });
        from = Math.max(left, right);
      }
      this.#drawStatic(out, { row, from, to: this.width, light, noiseAt });
    }
  }

  /** Modulates the skin with the pulse. */
  #applyPulse(pulse: number): void {
    const { base, skin } = this.#plane;
    const pixels = this.#pixels;
    const scaled = Math.round(pulse * (1 << PULSE_BITS));
    const shift = PULSE_BITS + Math.log2(SKIN_LEVEL / LEVEL);
    for (const [from, to] of this.#skinRows) {
      for (let i = from; i < to; i++) pixels[i] = base[i]! + ((skin[i]! * scaled) >> shift);
    }
  }

  #drawStatic(
    out: Uint8ClampedArray,
    { row, from, to, light, noiseAt }: RowSegment,
  ): void {
    const pixels = this.#pixels, noise = this.#noise, offset = this.#offset;
    const start = row * this.width;
    for (let x = from; x < to; x++) {
      out[start + x] = (pixels[start + x]! * light + noise[noiseAt + x]! + offset) >> SHIFT;
    }
  }

  /** Draws a displaced segment by bilinear interpolation from its source position. */
  #drawMoved(
    out: Uint8ClampedArray,
    { row, from, to, light, noiseAt, person, state }: RowSegment & {
      person: PostureRows;
      state: SceneState;
    },
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
    const w10 = Math.round(down * (1 - across)), w11 = Math.round(down * across);
    const w01 = Math.round((light - down) * across), w00 = light - w01 - w10 - w11;
    const first = Math.max(from, -shift), end = Math.min(to, width - 1 - shift);
    const start = row * width;
    const pixels = this.#pixels, noise = this.#noise, offset = this.#offset;
    this.#drawStatic(out, { row, from, to: Math.min(first, to), light, noiseAt });
    let at = y * width + shift + first;
    if (w01 === 0 && w11 === 0) {
      for (let x = first; x < end; x++, at++) {
        out[start + x] =
          (pixels[at]! * w00 + pixels[at + width]! * w10 + noise[noiseAt + x]! + offset) >> SHIFT;
      }
    } else {
      for (let x = first; x < end; x++, at++) {
        out[start + x] = (pixels[at]! * w00 + pixels[at + 1]! * w01 + pixels[at + width]! * w10 +
          pixels[at + width + 1]! * w11 + noise[noiseAt + x]! + offset) >> SHIFT;
      }
    }
    this.#drawStatic(out, { row, from: Math.max(first, end), to, light, noiseAt });
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

function skinRows({ width, height, skin }: ScenePlane): [number, number][] {
  const rows: [number, number][] = [];
  for (let row = 0; row < height; row++) {
    const values = skin.subarray(row * width, (row + 1) * width);
    const first = values.findIndex((value) => value !== 0);
    if (first < 0) continue;
    rows.push([
      row * width + first,
      row * width + values.findLastIndex((value) => value !== 0) + 1,
    ]);
  }
  return rows;
}
