import type { Picture } from "../frame.ts";
import type { BufferPool } from "../buffer_pool.ts";
import { type PostureRows, postureRows } from "./posture.ts";
import { Random } from "./random.ts";
import { LEVEL, type Scene, type ScenePlane, SKIN_LEVEL } from "./scene.ts";

/** What changes from one picture to the next. */
export interface SceneState {
  /** Counts the pictures; with the seed it decides the noise. */
  readonly index: number;
  /** What the skin shows, in units of the blood volume pulse. */
  readonly pulse: number;
  /** How far the chest has risen, in pixels of the picture. */
  readonly rise: number;
  /** Where the head has swayed to, in pixels of the picture. */
  readonly swayX: number;
  readonly swayY: number;
  /** Brightness: 1 is the scene as it was painted. */
  readonly light: number;
}

export interface RendererOptions {
  readonly seed: number;
  /** Standard deviation of the sensor's noise in each of red, green and blue, in grey levels. */
  readonly noise: number;
  /** How far people may sway, in pixels. */
  readonly reach: number;
}

/** Fixed point: weights have 12 bits behind the point, so that a faint flicker is smooth. */
const WEIGHT_BITS = 12;
const PULSE_BITS = 8;
const SHIFT = WEIGHT_BITS + Math.log2(LEVEL);
const ONE = 1 << SHIFT;
const NOISE_ENTRIES = 1 << 16;

/** Of independent noise in red, green and blue: what is left in Y, and in U and V of 2x2 pixels. */
const Y_NOISE = Math.hypot(0.299, 0.587, 0.114);
const U_NOISE = Math.hypot(0.168736, 0.331264, 0.5) / 2;
const V_NOISE = Math.hypot(0.5, 0.418688, 0.081312) / 2;

/** Draws the moments of a scene: the scene at rest, warped row by row, lit, with fresh noise. */
export class Renderer {
  readonly #planes: readonly PlaneRenderer[];
  readonly #seed: number;

  constructor(scene: Scene, { seed, noise, reach }: RendererOptions) {
    this.#seed = seed;
    const levels = [Y_NOISE * noise, U_NOISE * noise, V_NOISE * noise];
    this.#planes = scene.planes.map((plane, i) =>
      new PlaneRenderer(plane, {
        people: scene.people.map((person) => postureRows(person, { plane, reach })),
        noise: levels[i]!,
        offset: i === 0 ? 0 : 128,
        random: new Random(seed, 3, i),
      })
    );
  }

  /** Draws one moment into a buffer of the pool; whoever takes it gives the buffer back. */
  draw(state: SceneState, pool: BufferPool): { picture: Picture; buffer: Uint8Array<ArrayBuffer> } {
    const [luma, chroma] = [this.#planes[0]!, this.#planes[1]!];
    const buffer = pool.take(luma.size + 2 * chroma.size);
    const random = new Random(this.#seed, 4, state.index);
    const ends = [luma.size, luma.size + chroma.size, buffer.length];
    const [y, u, v] = this.#planes.map((plane, i) => {
      const part = buffer.subarray(ends[i]! - plane.size, ends[i]);
      plane.draw(state, part, random);
      return part;
    });
    const { width, height } = luma;
    const picture: Picture = {
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
    return { picture, buffer };
  }
}

class PlaneRenderer {
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly #plane: ScenePlane;
  readonly #people: readonly PostureRows[];
  readonly #offset: number;
  /** The scene with the present pulse in its skin. */
  readonly #alive: Int16Array;
  /** Where the skin is: index of its first and behind its last pixel in each row. */
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
    this.#alive = plane.base.slice();
    this.#skinRows = skinRows(plane);
    this.#noise = Int32Array.from(
      { length: NOISE_ENTRIES + plane.width },
      () => noise === 0 ? 0 : Math.round(ONE * noise * random.gaussian()),
    );
  }

  draw(state: SceneState, into: Uint8Array<ArrayBuffer>, random: Random): void {
    this.#beat(state.pulse);
    // A clamped view, because light and noise may leave the scale.
    const out = new Uint8ClampedArray(into.buffer, into.byteOffset, into.length);
    const light = Math.round(state.light * (1 << WEIGHT_BITS));
    for (let row = 0; row < this.height; row++) {
      const noiseAt = (random.bits() >>> 16) % NOISE_ENTRIES;
      let from = 0;
      for (const person of this.#people) {
        if (row < person.firstRow) continue;
        const left = Math.max(from, person.left[row]!), right = person.right[row]!;
        this.#still(out, { row, from, to: left, light, noiseAt });
        this.#moved(out, { row, from: left, to: right, light, noiseAt, person, state });
        from = Math.max(left, right);
      }
      this.#still(out, { row, from, to: this.width, light, noiseAt });
    }
  }

  /** Puts the pulse into the skin. */
  #beat(pulse: number): void {
    const { base, skin } = this.#plane;
    const alive = this.#alive;
    const swing = Math.round(pulse * (1 << PULSE_BITS));
    const shift = PULSE_BITS + Math.log2(SKIN_LEVEL / LEVEL);
    for (const [from, to] of this.#skinRows) {
      for (let i = from; i < to; i++) alive[i] = base[i]! + ((skin[i]! * swing) >> shift);
    }
  }

  #still(
    out: Uint8ClampedArray,
    { row, from, to, light, noiseAt }: Stretch,
  ): void {
    const alive = this.#alive, noise = this.#noise, offset = this.#offset;
    const start = row * this.width;
    for (let x = from; x < to; x++) {
      out[start + x] = (alive[start + x]! * light + noise[noiseAt + x]! + offset) >> SHIFT;
    }
  }

  /** Draws a stretch from where it came from, between four pixels. */
  #moved(
    out: Uint8ClampedArray,
    { row, from, to, light, noiseAt, person, state }: Stretch & {
      person: PostureRows;
      state: SceneState;
    },
  ): void {
    const { width, height } = this;
    const { step } = this.#plane;
    const share = person.sway[row]!;
    const fromY = row + (state.rise * person.breath[row]! - state.swayY * share) / step;
    const fromX = -(state.swayX * share) / step;
    const y = Math.min(height - 2, Math.max(0, Math.floor(fromY)));
    const down = Math.min(1, Math.max(0, fromY - y)) * light;
    const shift = Math.floor(fromX);
    const across = fromX - shift;
    const w10 = Math.round(down * (1 - across)), w11 = Math.round(down * across);
    const w01 = Math.round((light - down) * across), w00 = light - w01 - w10 - w11;
    const least = Math.max(from, -shift), most = Math.min(to, width - 1 - shift);
    const start = row * width;
    const alive = this.#alive, noise = this.#noise, offset = this.#offset;
    this.#still(out, { row, from, to: Math.min(least, to), light, noiseAt });
    let at = y * width + shift + least;
    if (w01 === 0 && w11 === 0) {
      for (let x = least; x < most; x++, at++) {
        out[start + x] =
          (alive[at]! * w00 + alive[at + width]! * w10 + noise[noiseAt + x]! + offset) >> SHIFT;
      }
    } else {
      for (let x = least; x < most; x++, at++) {
        out[start + x] = (alive[at]! * w00 + alive[at + 1]! * w01 + alive[at + width]! * w10 +
          alive[at + width + 1]! * w11 + noise[noiseAt + x]! + offset) >> SHIFT;
      }
    }
    this.#still(out, { row, from: Math.max(least, most), to, light, noiseAt });
  }
}

/** A part of one row. */
interface Stretch {
  readonly row: number;
  readonly from: number;
  readonly to: number;
  readonly light: number;
  /** Where in the table the row's noise begins. */
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
