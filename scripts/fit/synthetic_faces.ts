import { monotonicUs } from "../../src/base/time.ts";
import type { RegionMean, RegionName, RegionSample } from "../../src/vision/region_sample.ts";
import { STILL_FACE } from "../../tests/support/face_samples.ts";
import { Random } from "../../tests/support/random.ts";

/** One synthetic recording of a face, with or without a pulse. */
export interface SyntheticFace {
  readonly samples: readonly RegionSample[];
  /** Heartbeats since the start at each sample, with fractions; absent without a pulse. */
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
/** Relative amplitude of the pulse in red, green and blue (de Haan and van Leest 2014). */
const PULSE_COLOR = [0.43, 1, 0.69] as const;

/** Share of recordings that consist of ready signals, as in a trace. */
const READY_SHARE = 0.3;

/** Share of recordings whose heart fibrillates. */
const FIBRILLATION_SHARE = 0.12;

/** How much faster than the mean the heart beats, from one beat to the next; 1 for a regular heart. */
class Pace {
  #beat = 0;
  #factor = 1;
  readonly #random: Random;
  readonly #deviation: number;

  /** Draws from a generator of its own, so that all else in a recording stays the same. */
  constructor(seed: number) {
    this.#random = new Random(0x9e3779b9 ^ seed);
    const isFibrillating = this.#random.uniform() < FIBRILLATION_SHARE;
    this.#deviation = isFibrillating ? 0.12 + 0.2 * this.#random.uniform() : 0;
  }

  /** @param beats heartbeats since the start, with fractions. */
  at(beats: number): number {
    if (Math.floor(beats) > this.#beat) {
      this.#beat = Math.floor(beats);
      this.#factor = 1 / Math.max(0.45, 1 + this.#deviation * this.#random.normal());
    }
    return this.#factor;
  }
}

/** Low-pass filtered white noise of deviation 1: a first-order autoregressive process. */
class LowPassNoise {
  #value = 0;
  readonly #decay: number;
  readonly #step: number;

  constructor(readonly random: Random, { cornerHz, fps }: { cornerHz: number; fps: number }) {
    this.#decay = Math.exp((-2 * Math.PI * cornerHz) / fps);
    this.#step = Math.sqrt(1 - this.#decay ** 2);
  }

  next(): number {
    this.#value = this.#decay * this.#value + this.#step * this.random.normal();
    return this.#value;
  }
}

/**
 * Generates a recording with log-uniformly distributed disturbances: sensor noise, slow changes of
 * light and motion that all colors share, specular reflection and tint that they do not share,
 * nodding, compression, and frames that are late or missing.
 */
export function makeSyntheticFace(seed: number, seconds: number): SyntheticFace {
  const random = new Random(seed);
  const pace = new Pace(seed);
  if (random.uniform() < READY_SHARE) return makeReadySignals(random, { seconds, pace });
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const logBetween = (low: number, high: number) =>
    Math.exp(between(Math.log(low), Math.log(high)));
  const fps = random.uniform() < 0.7 ? 30 : between(14, 60);
  const jitterUs = random.uniform() < 0.3 ? between(0, 8_000) : 0;
  const dropped = random.uniform() < 0.2 ? between(0, 0.5) : 0;
  const noiseBelow = (cornerHz: number) => new LowPassNoise(random, { cornerHz, fps });

  const hasPulse = random.uniform() < 0.65;
  const rate = between(40, 180);
  const sway = between(0, 4);
  const swayHz = between(0.1, 0.4);
  const drift = noiseBelow(0.02);
  const driftSize = logBetween(0.3, 6);
  const harmonic = between(0.1, 0.5);
  const shape = between(0, 2 * Math.PI);
  const amplitude = logBetween(0.0004, 0.006);

  const isSkinOnly = random.uniform() < 0.35;
  const parts = COLORS.filter(([name]) => !isSkinOnly || name === "skin").map(([name, color]) => ({
    name,
    color,
    gain: name === "background" ? 0 : logBetween(0.5, 1.6),
    noise: logBetween(0.5, 2),
    light: noiseBelow(0.3),
    reflection: noiseBelow(0.5),
    tint: noiseBelow(0.5),
    tintColor: [random.normal(), random.normal(), random.normal()],
    residual: [0, 0, 0],
  }));
  const noise = logBetween(0.01, 0.5);
  const common = noiseBelow(0.3);
  const lightSize = logBetween(0.0005, 0.02);
  const reflectionSize = logBetween(0.0001, 0.004);
  const tintSize = logBetween(0.0001, 0.002);
  // Periodic motion with phase noise: nodding, a fan, the key frames of a video encoder.
  const isNodding = random.uniform() < 0.25;
  const nodSize = logBetween(0.0005, 0.01);
  const nodHz = between(0.3, 2.5);
  const nodPhaseNoise = logBetween(0.02, 0.5);

  // An encoder keeps the residual of a region until it has bits for an update.
  const isCompressed = random.uniform() < 0.3;
  const residualSize = logBetween(0.02, 0.6);
  const updates = between(0.5, 6) / fps;

  const samples: RegionSample[] = [];
  const beats: number[] = [];
  let phase = 0;
  let nodPhase = 0;
  for (let frame = 0; frame < seconds * fps; frame++) {
    const t = frame / fps;
    const hz = (rate + sway * Math.sin(2 * Math.PI * swayHz * t) + driftSize * drift.next()) / 60;
    phase += (Math.max(0.6, hz) * pace.at(phase)) / fps;
    nodPhase += (nodHz + nodPhaseNoise * random.normal() * Math.sqrt(fps) / 5) / fps;
    const beat = Math.sin(2 * Math.PI * phase) + harmonic * Math.sin(4 * Math.PI * phase + shape);
    const light = lightSize * common.next();
    const nod = isNodding ? nodSize * Math.sin(2 * Math.PI * nodPhase) : 0;
    const regions: Partial<Record<RegionName, RegionMean>> = {};
    for (const part of parts) {
      const onFace = part.name === "background" ? 0 : 1;
      const blood = hasPulse ? amplitude * part.gain * beat : 0;
      const level = 1 + light + onFace * (0.5 * lightSize * part.light.next() + nod);
      const reflection = onFace * (reflectionSize * part.reflection.next() + 0.3 * nod) * 150;
      const tint = tintSize * part.tint.next();
      if (isCompressed && random.uniform() < updates) {
        part.residual = part.residual.map(() => residualSize * random.normal());
      }
      const [r, g, b] = [0, 1, 2].map((k) =>
        part.color[k]! * level * (1 - PULSE_COLOR[k]! * blood + tint * part.tintColor[k]!) +
        reflection +
        part.residual[k]! + noise * part.noise * random.normal()
      ) as [number, number, number];
      regions[part.name] = { r, g, b, pixels: 1000, clipped: 0 };
    }
    if (random.uniform() < dropped) continue;
    samples.push({
      timeUs: monotonicUs(Math.round(t * 1e6 + jitterUs * random.uniform())),
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
  return { samples, ...(hasPulse ? { beats: Float64Array.from(beats) } : {}) };
}

/** Generates ready signals with or without a pulse, with shared and independent noise. */
function makeReadySignals(
  random: Random,
  { seconds, pace }: { seconds: number; pace: Pace },
): SyntheticFace {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const logBetween = (low: number, high: number) =>
    Math.exp(between(Math.log(low), Math.log(high)));
  const fps = 30;
  const hasPulse = random.uniform() < 0.6;
  const count = Math.floor(between(1, 5));
  const rate = between(40, 180);
  const drift = new LowPassNoise(random, { cornerHz: 0.03, fps });
  const driftSize = logBetween(0.5, 6);
  const harmonic = between(0.1, 0.5);
  const shape = between(0, 2 * Math.PI);
  const noiseBelow = (cornerHz: number) => new LowPassNoise(random, { cornerHz, fps });
  const shared = noiseBelow(logBetween(0.1, 2));
  const sharedSize = logBetween(0.1, 5);
  const own = Array.from({ length: count }, () => ({
    lowPass: noiseBelow(logBetween(0.1, 2)),
    lowPassSize: logBetween(0.1, 5),
    whiteSize: logBetween(0.1, 5),
  }));
  const samples: RegionSample[] = [];
  const beats: number[] = [];
  let phase = 0;
  for (let frame = 0; frame < seconds * fps; frame++) {
    phase += (Math.max(0.6, (rate + driftSize * drift.next()) / 60) * pace.at(phase)) / fps;
    const beat = Math.sin(2 * Math.PI * phase) + harmonic * Math.sin(4 * Math.PI * phase + shape);
    const common = sharedSize * shared.next() + (hasPulse ? beat : 0);
    samples.push({
      timeUs: monotonicUs(Math.round((frame * 1e6) / fps)),
      sequence: frame,
      regions: {},
      face: STILL_FACE,
      faceCount: 1,
      brightness: 110,
      clipped: 0,
      motion: 1,
      readySignals: own.map((noise) =>
        common + noise.lowPassSize * noise.lowPass.next() + noise.whiteSize * random.normal()
      ),
    });
    beats.push(phase);
  }
  return { samples, ...(hasPulse ? { beats: Float64Array.from(beats) } : {}) };
}
