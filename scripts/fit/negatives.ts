import type { RegionMean, RegionName, RegionSample } from "../../src/vision/region_sample.ts";
import { bandPass } from "../../src/vitals/signal/bandpass.ts";
import { fft, nextPowerOfTwo } from "../../src/vitals/signal/fft.ts";
import { STILL_FACE } from "../../tests/support/face_samples.ts";
import { Random } from "../../tests/support/random.ts";

/** A kind of recording in which no heart beats. */
export interface Negative {
  readonly name: string;
  /** True where the fit never sees this kind; of the others it never sees the reported seeds. */
  readonly heldOut?: true;
  make(random: Random, seconds: number): readonly RegionSample[];
}

type Wave = Float64Array;
/** How one recording was taken. */
interface Take {
  readonly random: Random;
  readonly fps: number;
  readonly length: number;
}

const SKIN = [170, 118, 102] as const;
const CAMERA_RATES = [15, 25, 30, 30, 30, 60] as const;

const between = (random: Random, low: number, high: number) =>
  low + (high - low) * random.uniform();
const logBetween = (random: Random, low: number, high: number) =>
  Math.exp(between(random, Math.log(low), Math.log(high)));
const white = ({ random, length }: Take): Wave =>
  Float64Array.from({ length }, () => random.normal());
const sum = (...waves: readonly Wave[]): Wave =>
  waves[0]!.map((_, k) => waves.reduce((total, wave) => total + wave[k]!, 0));
const times = (factor: number, wave: Wave): Wave => wave.map((value) => factor * value);

/** Noise of power 1/f^exponent and of deviation 1: normal Fourier coefficients, cut out of more. */
function colored(take: Take, exponent: number): Wave {
  const size = nextPowerOfTwo(4 * take.length);
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  for (let bin = 1; bin < size / 2; bin++) {
    const amplitude = bin ** (-exponent / 2);
    re[bin] = amplitude * take.random.normal();
    im[bin] = amplitude * take.random.normal();
  }
  fft(re, im);
  return normalized(re.slice(0, take.length));
}

/** The sum of normal steps, of deviation 1. */
function walk(take: Take): Wave {
  let value = 0;
  return normalized(white(take).map((step) => value += step));
}

function normalized(wave: Wave): Wave {
  const mean = wave.reduce((total, value) => total + value, 0) / wave.length;
  const square = wave.reduce((total, value) => total + (value - mean) ** 2, 0) / wave.length;
  return wave.map((value) => (value - mean) / (Math.sqrt(square) || 1));
}

/** A noisy pendulum (an autoregression of order 2): a hump in the spectrum `widthHz` wide. */
function hump({ random, fps, length }: Take, { hz, widthHz }: { hz: number; widthHz: number }) {
  const radius = Math.exp((-Math.PI * widthHz) / fps);
  const turn = 2 * radius * Math.cos((2 * Math.PI * hz) / fps);
  let [now, before] = [0, 0];
  const next = () => [now, before] = [turn * now - radius ** 2 * before + random.normal(), now];
  for (let k = 0; k < 20 * fps; k++) next();
  return normalized(Float64Array.from({ length }, () => next()[0]!));
}

/** Breaths, each of its own length and depth, with the harmonics of an uneven breath. */
function breaths({ random, fps, length }: Take): Wave {
  const rate = between(random, 8, 36);
  const loose = between(random, 0.02, 0.15);
  const [second, third] = [between(random, 0.1, 0.6), between(random, 0, 0.3)];
  const [shape2, shape3] = [6.3 * random.uniform(), 6.3 * random.uniform()];
  let phase = random.uniform();
  let [pace, depth] = [1, 1];
  return Float64Array.from({ length }, () => {
    const before = phase;
    phase += (rate / 60 / fps) * pace;
    if (Math.floor(phase) > Math.floor(before)) {
      pace = Math.exp(loose * random.normal());
      depth = Math.exp(loose * random.normal());
    }
    const angle = 2 * Math.PI * phase;
    return depth * (Math.sin(angle) + second * Math.sin(2 * angle + shape2) +
      third * Math.sin(3 * angle + shape3));
  });
}

/** A lamp: sine or square, 0.8 to 2.5 Hz, or what a camera's frame rate leaves of 50 and 60 Hz. */
function lamp({ random, fps, length }: Take, { beating = false } = {}): Wave {
  const mains = random.uniform() < 0.5 ? 100 : 120;
  const off = between(random, 0.8, 2.5);
  // A frame rate near a divider of the mains turns its flicker into a slow beat.
  const camera = mains / Math.round(mains / fps) + off / Math.round(mains / fps);
  const hz = beating ? mains - camera * Math.round(mains / camera) : off;
  const square = random.uniform() < 0.3;
  const start = 6.3 * random.uniform();
  return Float64Array.from({ length }, (_, k) => {
    const value = Math.sin((2 * Math.PI * hz * k) / fps + start);
    return square ? Math.sign(value) : value;
  });
}

/** Levels that hold and jump at random moments. */
function telegraph({ random, fps, length }: Take): Wave {
  const perSecond = logBetween(random, 0.3, 4);
  let level = random.normal();
  return Float64Array.from({ length }, () => {
    if (random.uniform() < perSecond / fps) level = random.normal();
    return level;
  });
}

/** A single step somewhere, over a little noise. */
function step(take: Take): Wave {
  const at = between(take.random, 0.2, 0.8) * take.length;
  const noise = take.random.uniform() < 0.5 ? 0 : logBetween(take.random, 0.001, 0.1);
  return white(take).map((value, k) => (k > at ? 1 : 0) + noise * value);
}

function takeOf(random: Random, seconds: number, fps = 0): Take {
  const rate = fps || CAMERA_RATES[Math.floor(CAMERA_RATES.length * random.uniform())]!;
  return { random, fps: rate, length: Math.round(seconds * rate) };
}

function sampleAt(k: number, fps: number): Omit<RegionSample, "regions"> {
  return {
    timeUs: Math.round((k * 1e6) / fps),
    sequence: k,
    face: STILL_FACE,
    faceCount: 1,
    brightness: 110,
    clipped: 0,
    motion: 1,
  };
}

/** Ready waves, as a trace brings them. */
function ready(name: string, waves: (take: Take) => readonly Wave[]): Negative {
  return {
    name,
    make(random, seconds) {
      const take = takeOf(random, seconds);
      const made = waves(take);
      return Array.from({ length: take.length }, (_, k) => ({
        ...sampleAt(k, take.fps),
        regions: {},
        readySignals: made.map((wave) => wave[k]!),
      }));
    },
  };
}

/** Relative changes of red, green and blue of the whole skin, with the camera's own noise. */
function colors(
  name: string,
  waves: (take: Take) => readonly [Wave, Wave, Wave],
  { rounded = false, noise = true } = {},
): Negative {
  return {
    name,
    make(random, seconds) {
      const take = takeOf(random, seconds);
      const made = waves(take);
      const grain = noise ? logBetween(random, 0.005, 0.2) : 0;
      return Array.from({ length: take.length }, (_, k) => {
        const [r = 0, g = 0, b = 0] = made.map((wave, channel) => {
          const value = SKIN[channel]! * (1 + wave[k]!) + grain * random.normal();
          return rounded ? Math.round(value) : value;
        });
        return { ...sampleAt(k, take.fps), regions: { skin: region(r, g, b) } };
      });
    },
  };
}

/** A face of four places and a wall, each with the same light and noise of its own. */
function face(
  name: string,
  parts: (take: Take) => { readonly light: Wave; own(): readonly [Wave, Wave, Wave] },
): Negative {
  const places: readonly RegionName[] = ["glabella", "forehead", "left_cheek", "right_cheek"];
  return {
    name,
    make(random, seconds) {
      const take = takeOf(random, seconds);
      const { light, own } = parts(take);
      const regions = [...places, "skin" as const].map((place) => ({ place, waves: own() }));
      const grain = logBetween(random, 0.005, 0.2);
      return Array.from({ length: take.length }, (_, k) => ({
        ...sampleAt(k, take.fps),
        regions: Object.fromEntries(regions.map(({ place, waves }) => {
          const [r = 0, g = 0, b = 0] = waves.map((wave, channel) =>
            SKIN[channel]! * (1 + light[k]! + wave[k]!) + grain * random.normal()
          );
          return [place, region(r, g, b)];
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

const same = (wave: Wave): [Wave, Wave, Wave] => [wave, wave, wave];
const each = (make: () => Wave): [Wave, Wave, Wave] => [make(), make(), make()];
/** The same wave in shares of its own in each colour. */
const tinted = ({ random }: Take, wave: Wave): [Wave, Wave, Wave] =>
  each(() => times(Math.exp(0.3 * random.normal()), wave));
const several = ({ random }: Take, make: () => Wave) =>
  Array.from({ length: 2 + Math.floor(3 * random.uniform()) }, make);
/** How far light and colour swing, relative to their mean. */
const size = ({ random }: Take) => logBetween(random, 0.0005, 0.03);
const broadHump = (take: Take) =>
  hump(take, { hz: between(take.random, 0.6, 3), widthHz: between(take.random, 0.5, 1.2) });
const held = (negative: Negative): Negative => ({ ...negative, heldOut: true });

/** All that has no pulse. Those that are held out differ in kind, not only in their seed. */
export const NEGATIVES: readonly Negative[] = [
  ready("one wave, white", (take) => [white(take)]),
  ready("one wave, 1/f to 1/f^3", (take) => [colored(take, between(take.random, 1, 3))]),
  ready("one wave, random walk", (take) => [walk(take)]),
  ready("one wave, white within 0.7 to 3 Hz", (take) => [
    bandPass(white(take), { lowHz: 0.7, highHz: 3, sampleRateHz: take.fps }),
  ]),
  ready("one wave, a broad hump", (take) => [broadHump(take)]),
  ready("one wave, breathing", (take) => [
    sum(breaths(take), times(logBetween(take.random, 0.01, 0.5), white(take))),
  ]),
  ready("waves of their own, random walks", (take) => several(take, () => walk(take))),
  ready("waves of their own, white", (take) => several(take, () => white(take))),
  ready("waves that share a walk", (take) => {
    const shared = walk(take);
    return several(take, () => sum(shared, times(logBetween(take.random, 0.02, 1), walk(take))));
  }),
  colors("colours, a walk each", (take) => each(() => times(size(take), walk(take)))),
  colors("colours, 1/f each", (take) => each(() => times(size(take), colored(take, 1)))),
  colors("colours, white each", (take) => each(() => times(size(take), white(take)))),
  colors("colours, a walk they share", (take) => tinted(take, times(size(take), walk(take)))),
  colors("colours, a lamp in all alike", (take) => same(times(size(take), lamp(take)))),
  colors("colours, breathing", (take) => tinted(take, times(size(take), breaths(take)))),
  face("face, walks of light and of places", (take) => ({
    light: times(size(take), walk(take)),
    own: () => each(() => times(0.2 * size(take), walk(take))),
  })),

  held(ready("one wave, 1/f within 0.8 to 2.5 Hz", (take) => [
    bandPass(colored(take, 1), { lowHz: 0.8, highHz: 2.5, sampleRateHz: take.fps }),
  ])),
  held(ready("one wave, jumps", (take) => [telegraph(take)])),
  held(ready("one wave, a single step", (take) => [step(take)])),
  held(
    ready("one wave, flat", (take) => [new Float64Array(take.length).fill(take.random.normal())]),
  ),
  held(ready("one wave, rounded walk", (take) => [times(3, walk(take)).map(Math.round)])),
  held(ready("one wave, breathing on a walk", (take) => [
    sum(breaths(take), times(logBetween(take.random, 0.3, 3), walk(take))),
  ])),
  held(ready("waves that share 1/f", (take) => {
    const shared = colored(take, 1);
    return several(take, () => sum(shared, times(logBetween(take.random, 0.1, 1), white(take))));
  })),
  held(
    colors("colours, 1/f^1.5 each", (take) => each(() => times(size(take), colored(take, 1.5)))),
  ),
  held(colors("colours, jumps", (take) => tinted(take, times(size(take), telegraph(take))))),
  held(colors("colours, a single step", (take) => tinted(take, times(size(take), step(take))))),
  held(colors("colours, flat", ({ length }) => same(new Float64Array(length)), { noise: false })),
  held(
    colors("colours, rounded walks", (take) => each(() => times(0.01, walk(take))), {
      rounded: true,
    }),
  ),
  held(
    colors(
      "colours, a beating lamp",
      (take) => same(times(size(take), lamp(take, { beating: true }))),
    ),
  ),
  held(colors("colours, a warm or cool lamp", (take) => {
    const light = times(size(take), lamp(take));
    const warmth = between(take.random, -0.3, 0.3);
    return [times(1 + warmth, light), light, times(1 - warmth, light)];
  })),
  held(colors("colours, lamp and walks", (take) => {
    const light = times(size(take), lamp(take));
    return each(() => sum(light, times(0.3 * size(take), walk(take))));
  })),
  held(face("face, breathing light and 1/f of places", (take) => ({
    light: times(size(take), breaths(take)),
    own: () => each(() => times(0.1 * size(take), colored(take, 1))),
  }))),
];
