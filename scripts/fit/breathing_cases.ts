import type { Displacement } from "../../src/vision/region_sample.ts";
import { Random } from "../../tests/support/random.ts";

/** One made-up recording of a chest. */
export interface ChestCase {
  readonly kind: "breathing" | "nothing";
  readonly fps: number;
  /** Chest position in heights of the picture, inhaling up, one value a frame. */
  readonly position: Float64Array;
  /** Breaths since the start at each frame, with fractions; absent where nobody breathes. */
  readonly phase?: Float64Array;
}

/** Increments as the vision room gives them: downward is positive. */
export function displacementsOf({ position }: ChestCase): Displacement[] {
  return Array.from(position, (value, k) => ({
    dy: k ? -(value - position[k - 1]!) : 0,
    confidence: 0.8,
  }));
}

/** Disturbances that real chests show, each drawn log-uniformly; sizes in shares of a breath. */
export function makeCase(seed: number, seconds: number): ChestCase {
  const source = new Random(seed);
  const random = () => source.uniform();
  const normal = () => source.normal();
  const between = (low: number, high: number) => low + (high - low) * random();
  const logBetween = (low: number, high: number) =>
    Math.exp(between(Math.log(low), Math.log(high)));

  const fps = between(12, 31);
  const length = Math.round(seconds * fps);
  const position = new Float64Array(length);
  const breathing = random() < 0.6;
  let phase: Float64Array | undefined;
  if (breathing) {
    phase = breathe({ position, fps, random, normal });
  }
  // Sizes against a breath of height 1.
  const walk = logBetween(0.003, breathing ? 0.6 : 1) / Math.sqrt(fps / 10);
  const jitter = logBetween(0.003, 0.5);
  const heart = logBetween(0.005, 0.25), heartHz = between(0.8, 2);
  const shifts = random() < 0.4 ? logBetween(0.01, 0.15) : 0;
  const sway = random() < 0.4 ? logBetween(0.02, breathing ? 0.8 : 0.3) : 0,
    swayHz = between(0.03, 0.12);
  let wandering = 0, swaying = 0, swaySpeed = 0;
  for (let k = 0; k < length; k++) {
    wandering += walk * normal();
    // A body that stands or sits is a noisy pendulum, far from a steady wave.
    const w = 2 * Math.PI * swayHz, dt = 1 / fps;
    swaySpeed += -w * w * swaying * dt - 2 * 0.7 * w * swaySpeed * dt +
      sway * w * Math.sqrt(2 * w * dt) * normal();
    swaying += swaySpeed * dt;
    if (random() < shifts * dt) wandering += normal() * 2;
    position[k] = position[k]! + wandering + swaying + jitter * normal() +
      heart * Math.sin(2 * Math.PI * heartHz * k * dt);
  }
  const scale = logBetween(0.001, 0.02);
  return {
    kind: breathing ? "breathing" : "nothing",
    fps,
    position: position.map((value) => value * scale),
    ...(phase ? { phase } : {}),
  };
}

/** Adds breaths of height 1 to `position`; gives the count of breaths so far. */
function breathe({ position, fps, random, normal }: {
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
  // Some change their rate at once, and some hold their breath.
  const changeAt = random() < 0.3 ? between(0.2, 0.8) * position.length : Infinity;
  const change = random() < 0.25 ? 0 : Math.exp(between(-0.9, 0.9));
  const phase = new Float64Array(position.length);
  let turn = random(), wander = 0, depth = 1, factor = 1;
  for (let k = 0; k < position.length; k++) {
    phase[k] = turn;
    position[k] = depth * breathShape(turn % 1, { inhale, pause, hold });
    const before = Math.floor(turn);
    const pace = k < changeAt ? 1 : change;
    turn += (clampRate(rate * pace) / 60 / fps) * factor * (1 + trend * k);
    if (Math.floor(turn) > before) {
      wander = 0.6 * wander + 0.8 * normal();
      factor = Math.exp(variation * wander);
      depth = Math.exp(depthVariation * normal());
    }
  }
  return phase;
}

function clampRate(rate: number): number {
  return rate === 0 ? 0 : Math.max(4, Math.min(40, rate));
}

/** Up in `inhale`, held, down, and a pause: shares of one breath, in raised cosines. */
function breathShape(
  turn: number,
  { inhale, pause, hold }: { inhale: number; pause: number; hold: number },
): number {
  const active = 1 - pause - hold;
  const up = inhale * active, down = (1 - inhale) * active;
  if (turn < up) return 0.5 - 0.5 * Math.cos((Math.PI * turn) / up);
  if (turn < up + hold) return 1;
  if (turn < up + hold + down) return 0.5 + 0.5 * Math.cos((Math.PI * (turn - up - hold)) / down);
  return 0;
}
