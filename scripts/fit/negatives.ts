import { monotonicUs } from "../../src/base/time.ts";
import type { RegionMean, RegionName, RegionSample } from "../../src/vision/region_sample.ts";
import { bandPass } from "../../src/vitals/signal/bandpass.ts";
import { STILL_FACE } from "../../tests/support/face_samples.ts";
import type { Random } from "../../tests/support/random.ts";
import {
  between,
  breathing,
  coloredNoise,
  lamp,
  logBetween,
  randomSteps,
  randomWalk,
  resonance,
  scaled,
  singleStep,
  sum,
  type SyntheticRecording,
  whiteNoise,
} from "./noise.ts";

/** A kind of recording without a pulse. */
export interface Negative {
  readonly name: string;
  /** True if the fit excludes this kind. Of other kinds, it excludes the reported seeds. */
  readonly heldOut?: true;
  /** Generates one recording. */
  make(random: Random, seconds: number): readonly RegionSample[];
}

type Colors = [r: Float64Array, g: Float64Array, b: Float64Array];

const SKIN = [170, 118, 102] as const;
const CAMERA_RATES = [15, 25, 30, 30, 30, 60] as const;

function newRecording(random: Random, seconds: number): SyntheticRecording {
  const fps = CAMERA_RATES[Math.floor(CAMERA_RATES.length * random.uniform())]!;
  return { random, fps, length: Math.round(seconds * fps) };
}

function sampleAt(k: number, fps: number): Omit<RegionSample, "regions"> {
  return {
    timeUs: monotonicUs(Math.round((k * 1e6) / fps)),
    sequence: k,
    face: STILL_FACE,
    faceCount: 1,
    brightness: 110,
    clipped: 0,
    motion: 1,
  };
}

/** A recording of ready signals, such as a trace contains. */
function ready(
  name: string,
  makeSignals: (recording: SyntheticRecording) => readonly Float64Array[],
): Negative {
  return {
    name,
    make(random, seconds) {
      const recording = newRecording(random, seconds);
      const signals = makeSignals(recording);
      return Array.from({ length: recording.length }, (_, k) => ({
        ...sampleAt(k, recording.fps),
        regions: {},
        readySignals: signals.map((signal) => signal[k]!),
      }));
    },
  };
}

/** A recording of the mean colors of skin, from relative changes of red, green and blue. */
function colors(
  name: string,
  makeColors: (recording: SyntheticRecording) => Colors,
  { isQuantized = false, hasNoise = true } = {},
): Negative {
  return {
    name,
    make(random, seconds) {
      const recording = newRecording(random, seconds);
      const changes = makeColors(recording);
      const sensorNoise = hasNoise ? logBetween(random, 0.005, 0.2) : 0;
      return Array.from({ length: recording.length }, (_, k) => {
        const [r = 0, g = 0, b = 0] = changes.map((change, channel) => {
          const value = SKIN[channel]! * (1 + change[k]!) + sensorNoise * random.normal();
          return isQuantized ? Math.round(value) : value;
        });
        return { ...sampleAt(k, recording.fps), regions: { skin: region(r, g, b) } };
      });
    },
  };
}

/** A recording of a face: five regions with the same light and independent changes. */
function face(
  name: string,
  makeParts: (recording: SyntheticRecording) => { readonly light: Float64Array; makeOwn(): Colors },
): Negative {
  const names: readonly RegionName[] = [
    "glabella",
    "forehead",
    "left_cheek",
    "right_cheek",
    "skin",
  ];
  return {
    name,
    make(random, seconds) {
      const recording = newRecording(random, seconds);
      const { light, makeOwn } = makeParts(recording);
      const regions = names.map((name) => ({ name, changes: makeOwn() }));
      const sensorNoise = logBetween(random, 0.005, 0.2);
      return Array.from({ length: recording.length }, (_, k) => ({
        ...sampleAt(k, recording.fps),
        regions: Object.fromEntries(regions.map(({ name, changes }) => {
          const [r = 0, g = 0, b = 0] = changes.map((change, channel) =>
            SKIN[channel]! * (1 + light[k]! + change[k]!) + sensorNoise * random.normal()
          );
          return [name, region(r, g, b)];
        })),
      }));
    },
  };
}

const region = (r: number, g: number, b: number): RegionMean => ({
  r,
  g,
  b,
  pixels: 1000,
  clipped: 0,
});

/** The same signal in all channels. */
const gray = (signal: Float64Array): Colors => [signal, signal, signal];
/** Independent signals in the channels. */
const independent = (make: () => Float64Array): Colors => [make(), make(), make()];
/** The same signal with an independent gain in each channel. */
const tinted = ({ random }: SyntheticRecording, signal: Float64Array): Colors =>
  independent(() => scaled(Math.exp(0.3 * random.normal()), signal));
const twoToFour = ({ random }: SyntheticRecording, make: () => Float64Array) =>
  Array.from({ length: 2 + Math.floor(3 * random.uniform()) }, make);
/** Amplitude of changes of light and color, relative to their mean. */
const amplitude = ({ random }: SyntheticRecording) => logBetween(random, 0.0005, 0.03);
const broadPeak = (recording: SyntheticRecording) =>
  resonance(recording, {
    hz: between(recording.random, 0.6, 3),
    widthHz: between(recording.random, 0.5, 1.2),
  });
const heldOut = (negative: Negative): Negative => ({ ...negative, heldOut: true });

/** All kinds of recordings without a pulse. Kinds that are held out differ from the fitted ones. */
export const NEGATIVES: readonly Negative[] = [
  ready("one signal, white noise", (rec) => [whiteNoise(rec)]),
  ready("one signal, 1/f to 1/f^3 noise", (rec) => [coloredNoise(rec, between(rec.random, 1, 3))]),
  ready("one signal, random walk", (rec) => [randomWalk(rec)]),
  ready("one signal, white noise within 0.7 to 3 Hz", (rec) => [
    bandPass(whiteNoise(rec), { lowHz: 0.7, highHz: 3, sampleRateHz: rec.fps }),
  ]),
  ready("one signal, a broad spectral peak", (rec) => [broadPeak(rec)]),
  ready("one signal, breathing", (rec) => [
    sum(breathing(rec), scaled(logBetween(rec.random, 0.01, 0.5), whiteNoise(rec))),
  ]),
  ready("independent signals, random walks", (rec) => twoToFour(rec, () => randomWalk(rec))),
  ready("independent signals, white noise", (rec) => twoToFour(rec, () => whiteNoise(rec))),
  ready("signals that share a random walk", (rec) => {
    const shared = randomWalk(rec);
    return twoToFour(
      rec,
      () => sum(shared, scaled(logBetween(rec.random, 0.02, 1), randomWalk(rec))),
    );
  }),
  colors(
    "colors, independent random walks",
    (rec) => independent(() => scaled(amplitude(rec), randomWalk(rec))),
  ),
  colors(
    "colors, independent 1/f noise",
    (rec) => independent(() => scaled(amplitude(rec), coloredNoise(rec, 1))),
  ),
  colors(
    "colors, independent white noise",
    (rec) => independent(() => scaled(amplitude(rec), whiteNoise(rec))),
  ),
  colors(
    "colors, a shared random walk",
    (rec) => tinted(rec, scaled(amplitude(rec), randomWalk(rec))),
  ),
  colors("colors, a lamp", (rec) => gray(scaled(amplitude(rec), lamp(rec)))),
  colors("colors, breathing", (rec) => tinted(rec, scaled(amplitude(rec), breathing(rec)))),
  face("face, random walks of light and of regions", (rec) => ({
    light: scaled(amplitude(rec), randomWalk(rec)),
    makeOwn: () => independent(() => scaled(0.2 * amplitude(rec), randomWalk(rec))),
  })),

  heldOut(ready("one signal, 1/f noise within 0.8 to 2.5 Hz", (rec) => [
    bandPass(coloredNoise(rec, 1), { lowHz: 0.8, highHz: 2.5, sampleRateHz: rec.fps }),
  ])),
  heldOut(ready("one signal, random steps", (rec) => [randomSteps(rec)])),
  heldOut(ready("one signal, a single step", (rec) => [singleStep(rec)])),
  heldOut(
    ready("one signal, constant", ({ random, length }) => [
      new Float64Array(length).fill(random.normal()),
    ]),
  ),
  heldOut(
    ready("one signal, quantized random walk", (rec) => [
      scaled(3, randomWalk(rec)).map(Math.round),
    ]),
  ),
  heldOut(ready("one signal, breathing and a random walk", (rec) => [
    sum(breathing(rec), scaled(logBetween(rec.random, 0.3, 3), randomWalk(rec))),
  ])),
  heldOut(ready("signals that share 1/f noise", (rec) => {
    const shared = coloredNoise(rec, 1);
    return twoToFour(
      rec,
      () => sum(shared, scaled(logBetween(rec.random, 0.1, 1), whiteNoise(rec))),
    );
  })),
  heldOut(
    colors(
      "colors, independent 1/f^1.5 noise",
      (rec) => independent(() => scaled(amplitude(rec), coloredNoise(rec, 1.5))),
    ),
  ),
  heldOut(
    colors("colors, random steps", (rec) => tinted(rec, scaled(amplitude(rec), randomSteps(rec)))),
  ),
  heldOut(
    colors("colors, a single step", (rec) => tinted(rec, scaled(amplitude(rec), singleStep(rec)))),
  ),
  heldOut(
    colors("colors, constant", ({ length }) => gray(new Float64Array(length)), { hasNoise: false }),
  ),
  heldOut(
    colors(
      "colors, quantized random walks",
      (rec) => independent(() => scaled(0.01, randomWalk(rec))),
      { isQuantized: true },
    ),
  ),
  heldOut(
    colors(
      "colors, an aliased lamp",
      (rec) => gray(scaled(amplitude(rec), lamp(rec, { isAliased: true }))),
    ),
  ),
  heldOut(colors("colors, a warm or cool lamp", (rec) => {
    const light = scaled(amplitude(rec), lamp(rec));
    const warmth = between(rec.random, -0.3, 0.3);
    return [scaled(1 + warmth, light), light, scaled(1 - warmth, light)];
  })),
  heldOut(colors("colors, a lamp and random walks", (rec) => {
    const light = scaled(amplitude(rec), lamp(rec));
    return independent(() => sum(light, scaled(0.3 * amplitude(rec), randomWalk(rec))));
  })),
  heldOut(face("face, breathing light and 1/f noise of regions", (rec) => ({
    light: scaled(amplitude(rec), breathing(rec)),
    makeOwn: () => independent(() => scaled(0.1 * amplitude(rec), coloredNoise(rec, 1))),
  }))),
];
