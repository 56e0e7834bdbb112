import { monotonicUs } from "../../src/base/time.ts";
import { BufferPool } from "../../src/capture/buffer_pool.ts";
import type { Frame, Image } from "../../src/capture/frame.ts";
import { Physiology } from "../../src/capture/simulator/physiology.ts";
import {
  loadPortrait,
  type Portrait,
  PORTRAIT_ASPECT,
} from "../../src/capture/simulator/portrait.ts";
import { Renderer } from "../../src/capture/simulator/renderer.ts";
import { paintScene, type Placement, type Spectrum } from "../../src/capture/simulator/scene.ts";
import { Vision } from "../../src/vision/vision.ts";
import { createVitalsEngine } from "../../src/vitals/engine.ts";
import { RateNetwork } from "../../src/vitals/pulse/rate_network/rate_network.ts";
import type { VitalsEstimate } from "../../src/vitals/estimate.ts";
import { Random } from "./random.ts";

/** Size of the image in pixels: small, to keep the tests quick. */
const WIDTH = 320, HEIGHT = 240;
export const CLIP_FPS = 30;
/** Five estimates a second, as with the default of --buffer_duration. */
const FRAMES_PER_ESTIMATE = 6;
const START_US = 1_000_000_000;

/** A person, or a photograph of one, in front of the camera. */
export interface ClipPerson {
  /** The portrait, or a mirrored one of another complexion. @default "first" */
  readonly face?: "first" | "second";
  /**
   * Position in the image: `centre` and `right` differ by three quarters of a face, and `close` is
   * so close that the head is above the image, which shows the neck and the chest.
   *
   * @default "centre"
   */
  readonly place?: "centre" | "right" | "close";
  /** Mean pulse rate in beats/min, or steps as of --simulate_pulse; 0: none, as in a photograph. */
  readonly pulse: number | string;
  /** `fibrillation` and `bigeminy` have beats at irregular intervals. @default "sinus" */
  readonly rhythm?: "sinus" | "fibrillation" | "bigeminy";
  /** Breaths/min, or steps as of --simulate_breathing; 0: no breath. */
  readonly breathing: number | string;
}

/** A part of a clip in which the scene stays the same. */
export interface Shot {
  readonly seconds: number;
  /** Absent: an empty chair. */
  readonly person?: ClipPerson;
  /** Amplitude of the motion of the head, in pixels of an image 320 wide. @default 0 */
  readonly swayPx?: number;
  /** Illumination; 1 is a well lit room. @default 1 */
  readonly light?: number;
  /** @default "visible" */
  readonly spectrum?: Spectrum;
  /** Whether the pulse and the breathing of the shot before go on. @default false */
  readonly continues?: boolean;
  /** Whether images without chroma get planes that are all neutral. @default false */
  readonly hasNeutralChroma?: boolean;
}

/** An estimate, with the seconds since the first frame of the clip. */
export interface TimedEstimate {
  readonly atS: number;
  readonly estimate: VitalsEstimate;
}

/** The truth of a shot, in seconds from the first frame of the clip. */
export interface ShotTruth {
  readonly startS: number;
  readonly endS: number;
  /** Onsets of the beats and of the breaths, also of the shots that this one continues. */
  readonly beatsS: readonly number[];
  readonly breathsS: readonly number[];
}

/** What the pipeline measured in a clip, with the truth. */
export interface MeasuredClip {
  readonly shots: readonly ShotTruth[];
  readonly estimates: readonly TimedEstimate[];
}

/**
 * Renders a clip and measures it with vision and vitals, in this process and in the order of the
 * frames: equal shots and seeds give equal estimates.
 */
export async function measureClip(
  shots: readonly Shot[],
  { seed, stamp = (timeUs) => timeUs }: {
    readonly seed: number;
    /** Returns the time that a frame is given, or undefined if it is lost. @default its own time */
    readonly stamp?: (timeUs: number) => number | undefined;
  },
): Promise<MeasuredClip> {
  await using vision = await Vision.open();
  using rateNetwork = await RateNetwork.open();
  const engine = createVitalsEngine({ pulse: { rateNetwork } });
  const pool = new BufferPool();
  const estimates: TimedEstimate[] = [];
  const truths: ShotTruth[] = [];
  let sequence = 0;
  let body = bodyOf(shots[0]!, seed * 100), bodyStartS = 0;
  for (const [index, shot] of shots.entries()) {
    const startS = sequence / CLIP_FPS;
    const shotSeed = seed * 100 + index;
    const renderer = await openRenderer(shot, shotSeed);
    if (!shot.continues) {
      body = bodyOf(shot, shotSeed);
      bodyStartS = startS;
    }
    for (let k = 0; k < Math.round(shot.seconds * CLIP_FPS); k++, sequence++) {
      const timeS = k / CLIP_FPS;
      const { bvp, breath } = body.at(sequence / CLIP_FPS - bodyStartS);
      const { image: drawn, buffer } = renderer.draw({
        index: k,
        pulse: bvp,
        rise: shot.person?.breathing ? CHEST_RISE_PX * breath : 0,
        ...swayAt(timeS, shot.swayPx ?? 0),
        light: shot.light ?? 1,
      }, pool);
      const image = shot.hasNeutralChroma ? withNeutralChroma(drawn) : drawn;
      const stampUs = stamp(START_US + Math.round((sequence * 1e6) / CLIP_FPS));
      if (stampUs === undefined) {
        pool.release(buffer);
        continue;
      }
      const timeUs = monotonicUs(stampUs);
      const { width, height } = image;
      const frame: Frame = { timeUs, sequence, width, height, image, [Symbol.dispose]() {} };
      engine.push(await vision.observeInOrder(frame));
      pool.release(buffer);
      if (sequence % FRAMES_PER_ESTIMATE === 0) {
        estimates.push({ atS: sequence / CLIP_FPS, estimate: engine.estimate(timeUs) });
      }
    }
    truths.push({
      startS,
      endS: sequence / CLIP_FPS,
      beatsS: body.beatsS().map((beatS) => bodyStartS + beatS),
      breathsS: body.breathsS().map((breathS) => bodyStartS + breathS),
    });
  }
  return { shots: truths, estimates };
}

const NEUTRAL_CHROMA = new Uint8Array((WIDTH * HEIGHT) / 4).fill(128);

/** The image as a camera delivers it whose format has chroma. */
function withNeutralChroma(image: Image): Image {
  const chroma = { u: NEUTRAL_CHROMA, v: NEUTRAL_CHROMA, uvStride: WIDTH / 2 };
  return { ...image, ...chroma, chromaShiftX: 1, chromaShiftY: 1 };
}

/** Rise of the chest with a breath, in pixels. */
const CHEST_RISE_PX = 1.25;
/** Range of the pulse as a fraction of the skin's brightness. */
const PULSE_AMPLITUDE = 0.01;
/** Standard deviation of the sensor noise, in grey levels. */
const NOISE = 1.5;
/** Red, green and blue of the second complexion, relative to the portrait. */
const SECOND_COMPLEXION = [0.92, 0.82, 0.78] as const;

async function openRenderer(
  { person, swayPx = 0, spectrum = "visible" }: Shot,
  seed: number,
): Promise<Renderer> {
  const placement = placementOf(person?.place ?? "centre");
  const scene = paintScene({
    width: WIDTH,
    height: HEIGHT,
    people: person ? [placement] : [],
    portrait: person && await portraitOf(person.face ?? "first", placement.height),
    pulseAmplitude: person?.pulse ? PULSE_AMPLITUDE : 0,
    seed,
    spectrum,
  });
  return new Renderer(scene, { seed, noise: NOISE, maxSwayPx: 2 * swayPx });
}

function placementOf(place: NonNullable<ClipPerson["place"]>): Placement {
  const height = place === "close" ? 2 * HEIGHT : HEIGHT;
  const left = (WIDTH - height * PORTRAIT_ASPECT) * (place === "right" ? 1 : 0.5);
  return {
    left: Math.round(left),
    top: place === "close" ? Math.round(-0.53 * height) : 0,
    height,
  };
}

async function portraitOf(face: "first" | "second", height: number): Promise<Portrait> {
  const portrait = await loadPortrait(height);
  if (face === "first") return portrait;
  const { width } = portrait;
  const rgb = portrait.rgb.map((_, at) => {
    const channel = at % 3, pixel = (at - channel) / 3;
    const row = Math.floor(pixel / width), column = pixel % width;
    const from = (row * width + width - 1 - column) * 3 + channel;
    return Math.round(portrait.rgb[from]! * SECOND_COMPLEXION[channel]!);
  });
  return { width, height, rgb };
}

/** Displacement of a head that sways slowly and nods now and then. */
function swayAt(timeS: number, swayPx: number): { swayX: number; swayY: number } {
  const nod = Math.max(0, Math.sin(2 * Math.PI * 0.1 * timeS)) ** 8;
  return {
    swayX: swayPx * (0.6 * Math.sin(2 * Math.PI * 0.17 * timeS) +
      0.4 * Math.sin(2 * Math.PI * 0.41 * timeS + 1)),
    swayY: swayPx * (0.3 * Math.sin(2 * Math.PI * 0.23 * timeS + 2) +
      0.5 * nod * Math.sin(2 * Math.PI * 0.8 * timeS)),
  };
}

/** The blood volume and the chest of a person, whose times must increase. */
interface Body {
  at(timeS: number): { readonly bvp: number; readonly breath: number };
  /** Onsets up to the newest time. */
  beatsS(): readonly number[];
  breathsS(): readonly number[];
}

function bodyOf({ person, seconds }: Shot, seed: number): Body {
  const { pulse = 0, breathing = 0, rhythm = "sinus" } = person ?? {};
  const physiology = new Physiology({ pulse, breathing, seed });
  const beats = rhythm === "sinus"
    ? undefined
    : irregularBeats(rhythm, { pulse: Number(pulse), seconds, seed });
  const breathsS: number[] = [], beatsS: number[] = [];
  return {
    at(timeS) {
      const { bvp, breath } = physiology.advanceTo(timeS);
      breathsS.push(...physiology.takeBreaths());
      beatsS.push(...physiology.takeBeats());
      return { bvp: beats ? bloodVolume(beats, timeS) : bvp, breath };
    },
    beatsS: () => beats ?? beatsS,
    breathsS: () => breathsS,
  };
}

/** Standard deviation of the intervals of a fibrillating heart, as a fraction of their mean. */
const FIBRILLATION_DEVIATION = 0.2;
/** Shortest interval between two beats in seconds: the heart is refractory. */
const SHORTEST_INTERVAL_S = 0.35;
/** How much earlier than the middle every second beat of a bigeminy comes, as a fraction. */
const BIGEMINY_SHIFT = 0.25;

/** Onsets of irregular beats, in seconds, from before the start to the end. */
function irregularBeats(
  rhythm: "fibrillation" | "bigeminy",
  { pulse, seconds, seed }: { pulse: number; seconds: number; seed: number },
): number[] {
  const random = new Random(seed);
  const mean = 60 / pulse;
  const beats: number[] = [];
  for (let at = -2, k = 0; at < seconds; k++) {
    if (at >= 0) beats.push(at);
    const factor = rhythm === "bigeminy"
      ? 1 + (k % 2 ? BIGEMINY_SHIFT : -BIGEMINY_SHIFT) + 0.01 * random.normal()
      : 1 + FIBRILLATION_DEVIATION * random.normal();
    at += Math.max(SHORTEST_INTERVAL_S, mean * factor);
  }
  return beats;
}

/**
 * Blood volume of mean about 0 and range about 1: each beat adds a systolic and a dicrotic wave of
 * fixed duration, and the less the shorter the heart was filled before it.
 */
function bloodVolume(beatsS: readonly number[], timeS: number): number {
  let sum = -0.4;
  for (const [k, beatS] of beatsS.entries()) {
    const since = timeS - beatS;
    if (since < 0 || since > 1.2) continue;
    const filling = Math.min(1, (beatS - (beatsS[k - 1] ?? beatS - 1)) / 0.8);
    const bump = (at: number, width: number) => Math.exp(-0.5 * ((since - at) / width) ** 2);
    sum += filling * (bump(0.22, 0.08) + 0.35 * bump(0.48, 0.11));
  }
  return sum;
}
