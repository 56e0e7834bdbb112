import type { RegionMean, RegionName, RegionSample } from "../../src/vision/region_sample.ts";
import { STILL_FACE } from "../../tests/support/face_samples.ts";
import { Random } from "../../tests/support/random.ts";

/** One made-up recording of a face, or of something that has no pulse. */
export interface FaceCase {
  readonly kind: "pulse" | "nothing";
  /** True where something but a heart repeats. */
  readonly repeats: boolean;
  readonly samples: readonly RegionSample[];
  /** Beats since the start at each sample, with fractions; absent where no heart beats. */
  readonly beats?: Float64Array;
}

const COLORS: readonly (readonly [RegionName, readonly [number, number, number]])[] = [
  ["glabella", [172, 122, 104]],
  ["forehead", [180, 128, 110]],
  ["left_cheek", [165, 112, 98]],
  ["right_cheek", [168, 115, 99]],
  ["skin", [170, 118, 102]],
  ["background", [90, 95, 100]],
];
/** Relative strength of the pulse in red, green and blue (de Haan and van Leest 2014). */
const BLOOD = [0.43, 1, 0.69] as const;

/** The share of cases that are ready waves, as a trace may bring them. */
const READY_SHARE = 0.3;

/** Noise whose power falls with frequency: a leaky sum of normal steps, of deviation about 1. */
class Wander {
  #value = 0;
  readonly #keep: number;
  readonly #step: number;

  constructor(readonly random: Random, { cornerHz, fps }: { cornerHz: number; fps: number }) {
    this.#keep = Math.exp((-2 * Math.PI * cornerHz) / fps);
    this.#step = Math.sqrt(1 - this.#keep ** 2);
  }

  next(): number {
    this.#value = this.#keep * this.#value + this.#step * this.random.normal();
    return this.#value;
  }
}

/**
 * A recording whose disturbances are drawn log-uniformly over what cameras and people do: sensor
 * noise, light and motion of 1/f that all colours share, shine and colour that they do not share,
 * nods that repeat, compression, frames that come late or never.
 */
export function makeFaceCase(seed: number, seconds: number): FaceCase {
  const random = new Random(seed);
  if (random.uniform() < READY_SHARE) return makeReadyCase(random, seconds);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const logBetween = (low: number, high: number) =>
    Math.exp(between(Math.log(low), Math.log(high)));
  const fps = random.uniform() < 0.7 ? 30 : between(14, 60);
  const jitterUs = random.uniform() < 0.3 ? between(0, 8_000) : 0;
  const dropped = random.uniform() < 0.2 ? between(0, 0.5) : 0;
  const wander = (cornerHz: number) => new Wander(random, { cornerHz, fps });

  const alive = random.uniform() < 0.65;
  const rate = between(40, 180);
  const sway = between(0, 4);
  const swayHz = between(0.1, 0.4);
  const drift = wander(0.02);
  const driftSize = logBetween(0.3, 6);
  const harmonic = between(0.1, 0.5);
  const shape = between(0, 2 * Math.PI);
  const amplitude = logBetween(0.0004, 0.006);

  const whole = random.uniform() < 0.35;
  const parts = COLORS.filter(([name]) => !whole || name === "skin").map(([name, color]) => ({
    name,
    color,
    gain: name === "background" ? 0 : logBetween(0.5, 1.6),
    noise: logBetween(0.5, 2),
    light: wander(0.3),
    shine: wander(0.5),
    tint: wander(0.5),
    tintColor: [random.normal(), random.normal(), random.normal()],
    residue: [0, 0, 0],
  }));
  const noise = logBetween(0.01, 0.5);
  const common = wander(0.3);
  const lightSize = logBetween(0.0005, 0.02);
  const shineSize = logBetween(0.0001, 0.004);
  const tintSize = logBetween(0.0001, 0.002);
  // Something that repeats, with a phase that wanders: a nod, a fan, a compressor's key frames.
  const nods = random.uniform() < 0.25;
  const nodSize = logBetween(0.0005, 0.01);
  const nodHz = between(0.3, 2.5);
  const nodLooseness = logBetween(0.02, 0.5);

  // A compressor lets colours rest until it has bits for them.
  const compressed = random.uniform() < 0.3;
  const residueSize = logBetween(0.02, 0.6);
  const renewals = between(0.5, 6) / fps;

  const samples: RegionSample[] = [];
  const beats: number[] = [];
  let phase = 0;
  let nodPhase = 0;
  for (let frame = 0; frame < seconds * fps; frame++) {
    const t = frame / fps;
    const hz = (rate + sway * Math.sin(2 * Math.PI * swayHz * t) + driftSize * drift.next()) / 60;
    phase += Math.max(0.6, hz) / fps;
    nodPhase += (nodHz + nodLooseness * random.normal() * Math.sqrt(fps) / 5) / fps;
    const beat = Math.sin(2 * Math.PI * phase) + harmonic * Math.sin(4 * Math.PI * phase + shape);
    const light = lightSize * common.next();
    const nod = nods ? nodSize * Math.sin(2 * Math.PI * nodPhase) : 0;
    const regions: Partial<Record<RegionName, RegionMean>> = {};
    for (const part of parts) {
      const onFace = part.name === "background" ? 0 : 1;
      const blood = alive ? amplitude * part.gain * beat : 0;
      const level = 1 + light + onFace * (0.5 * lightSize * part.light.next() + nod);
      const shine = onFace * (shineSize * part.shine.next() + 0.3 * nod) * 150;
      const tint = tintSize * part.tint.next();
      if (compressed && random.uniform() < renewals) {
        part.residue = part.residue.map(() => residueSize * random.normal());
      }
      const [r, g, b] = [0, 1, 2].map((k) =>
        part.color[k]! * level * (1 - BLOOD[k]! * blood + tint * part.tintColor[k]!) + shine +
        part.residue[k]! + noise * part.noise * random.normal()
      ) as [number, number, number];
      regions[part.name] = { r, g, b, pixels: 1000, clipped: 0 };
    }
    if (random.uniform() < dropped) continue;
    samples.push({
      timeUs: Math.round(t * 1e6 + jitterUs * random.uniform()),
      sequence: frame,
      regions,
      face: STILL_FACE,
      faceCount: 1,
      brightness: 110,
      clipped: 0,
      motion: 1,
    });
    beats.push(phase);
  }
  return {
    kind: alive ? "pulse" : "nothing",
    repeats: nods,
    samples,
    ...(alive ? { beats: Float64Array.from(beats) } : {}),
  };
}

/** Ready waves of one heart, or of none: each with noise of its own and noise they share. */
function makeReadyCase(random: Random, seconds: number): FaceCase {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const logBetween = (low: number, high: number) =>
    Math.exp(between(Math.log(low), Math.log(high)));
  const fps = 30;
  const alive = random.uniform() < 0.6;
  const count = Math.floor(between(1, 5));
  const rate = between(40, 180);
  const drift = new Wander(random, { cornerHz: 0.03, fps });
  const driftSize = logBetween(0.5, 6);
  const harmonic = between(0.1, 0.5);
  const shape = between(0, 2 * Math.PI);
  const pink = (cornerHz: number) => new Wander(random, { cornerHz, fps });
  const shared = pink(logBetween(0.1, 2));
  const sharedSize = logBetween(0.1, 5);
  const own = Array.from({ length: count }, () => ({
    pink: pink(logBetween(0.1, 2)),
    pinkSize: logBetween(0.1, 5),
    whiteSize: logBetween(0.1, 5),
  }));
  const samples: RegionSample[] = [];
  const beats: number[] = [];
  let phase = 0;
  for (let frame = 0; frame < seconds * fps; frame++) {
    phase += Math.max(0.6, (rate + driftSize * drift.next()) / 60) / fps;
    const beat = Math.sin(2 * Math.PI * phase) + harmonic * Math.sin(4 * Math.PI * phase + shape);
    const common = sharedSize * shared.next() + (alive ? beat : 0);
    samples.push({
      timeUs: Math.round((frame * 1e6) / fps),
      sequence: frame,
      regions: {},
      face: STILL_FACE,
      faceCount: 1,
      brightness: 110,
      clipped: 0,
      motion: 1,
      readySignals: own.map((noise) =>
        common + noise.pinkSize * noise.pink.next() + noise.whiteSize * random.normal()
      ),
    });
    beats.push(phase);
  }
  return {
    kind: alive ? "pulse" : "nothing",
    repeats: false,
    samples,
    ...(alive ? { beats: Float64Array.from(beats) } : {}),
  };
}
