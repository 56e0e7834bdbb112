import type { Displacement } from "../../src/vision/region_sample.ts";
import { Random } from "../../tests/support/random.ts";

/** One synthetic recording of a chest, with or without breathing. */
export interface SyntheticChest {
  readonly fps: number;
  /** Chest position in image heights, one value per frame; it rises when inhaling. */
  readonly position: Float64Array;
  /** Breaths since the start at each frame, with fractions; absent without breathing. */
  readonly phase?: Float64Array;
}

/** The displacements from frame to frame, as vision measures them: downward is positive. */
export function displacementsOf({ position }: SyntheticChest): Displacement[] {
  return Array.from(position, (value, k) => ({
    dy: k ? -(value - position[k - 1]!) : 0,
    confidence: 0.8,
  }));
}

/** Generates a recording with log-uniformly distributed disturbances, relative to a breath. */
export function makeSyntheticChest(seed: number, seconds: number): SyntheticChest {
  const source = new Random(seed);
  const random = () => source.uniform();
  const normal = () => source.normal();
  const between = (low: number, high: number) => low + (high - low) * random();
  const logBetween = (low: number, high: number) =>
    Math.exp(between(Math.log(low), Math.log(high)));

  const fps = between(12, 31);
  const length = Math.round(seconds * fps);
  const position = new Float64Array(length);
  const isBreathing = random() < 0.6;
  let phase: Float64Array | undefined;
  if (isBreathing) {
    phase = addBreaths({ position, fps, random, normal });
  }
  // Amplitudes are relative to a breath of height 1.
  const walk = logBetween(0.003, isBreathing ? 0.6 : 1) / Math.sqrt(fps / 10);
  const jitter = logBetween(0.003, 0.5);
  const heart = logBetween(0.005, 0.25), heartHz = between(0.8, 2);
  const shifts = random() < 0.4 ? logBetween(0.01, 0.15) : 0;
  const sway = random() < 0.4 ? logBetween(0.02, isBreathing ? 0.8 : 0.3) : 0,
    swayHz = between(0.03, 0.12);
  let walkPosition = 0, swayPosition = 0, swaySpeed = 0;
  for (let k = 0; k < length; k++) {
    walkPosition += walk * normal();
    // Postural sway is modeled as a damped pendulum driven by noise.
    const w = 2 * Math.PI * swayHz, dt = 1 / fps;
    swaySpeed += -w * w * swayPosition * dt - 2 * 0.7 * w * swaySpeed * dt +
      sway * w * Math.sqrt(2 * w * dt) * normal();
    swayPosition += swaySpeed * dt;
    if (random() < shifts * dt) walkPosition += normal() * 2;
    position[k] = position[k]! + walkPosition + swayPosition + jitter * normal() +
      heart * Math.sin(2 * Math.PI * heartHz * k * dt);
  }
  const scale = logBetween(0.001, 0.02);
  return {
    fps,
    position: position.map((value) => value * scale),
    ...(phase ? { phase } : {}),
  };
}

/** Adds breaths of height 1 to `position`; returns the number of breaths at each frame. */
function addBreaths({ position, fps, random, normal }: {
  position: Float64Array;
  fps: number;
  random: () => number;
  normal: () => number;
}): Float64Array {
  const between = (low: number, high: number) => low + (high - low) * random();
  const rate = Math.exp(between(Math.log(4), Math.log(40)));
  const variation = between(0, 0.2), depthVariation = between(0, 0.35);
  const inhale = between(0.25, 0.55), pause = between(0, rate < 12 ? 0.35 : 0.15);
  const hold = between(0, rate < 10 ? 0.25 : 0.05);
  const trend = random() < 0.3 ? between(-0.4, 0.4) / position.length : 0;
  // Some recordings contain a step of the rate or a held breath.
  const changeAt = random() < 0.3 ? between(0.2, 0.8) * position.length : Infinity;
  const change = random() < 0.25 ? 0 : Math.exp(between(-0.9, 0.9));
  const phase = new Float64Array(position.length);
  let breaths = random(), deviation = 0, depth = 1, factor = 1;
  for (let k = 0; k < position.length; k++) {
    phase[k] = breaths;
    position[k] = depth * breathShape(breaths % 1, { inhale, pause, hold });
    const before = Math.floor(breaths);
    const pace = k < changeAt ? 1 : change;
    breaths += (clampRate(rate * pace) / 60 / fps) * factor * (1 + trend * k);
    if (Math.floor(breaths) > before) {
      deviation = 0.6 * deviation + 0.8 * normal();
      factor = Math.exp(variation * deviation);
      depth = Math.exp(depthVariation * normal());
    }
  }
  return phase;
}

function clampRate(rate: number): number {
  return rate === 0 ? 0 : Math.max(4, Math.min(40, rate));
}

/** Height of the chest in one breath: inhale, hold, exhale, pause, with raised-cosine slopes. */
function breathShape(
  phase: number,
  { inhale, pause, hold }: { inhale: number; pause: number; hold: number },
): number {
  const active = 1 - pause - hold;
  const up = inhale * active, down = (1 - inhale) * active;
  if (phase < up) return 0.5 - 0.5 * Math.cos((Math.PI * phase) / up);
  if (phase < up + hold) return 1;
  if (phase < up + hold + down) return 0.5 + 0.5 * Math.cos((Math.PI * (phase - up - hold)) / down);
  return 0;
}
