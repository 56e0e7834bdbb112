import { fft, nextPowerOfTwo } from "../../src/vitals/signal/fft.ts";
import type { Random } from "../../tests/support/random.ts";

/** Random source, frame rate and length of one synthetic recording. */
export interface SyntheticRecording {
  readonly random: Random;
  readonly fps: number;
  /** In samples. */
  readonly length: number;
}

/** A uniformly distributed value. */
export const between = (random: Random, low: number, high: number) =>
  low + (high - low) * random.uniform();
/** A log-uniformly distributed value. */
export const logBetween = (random: Random, low: number, high: number) =>
  Math.exp(between(random, Math.log(low), Math.log(high)));
/** The sum of signals of one length. */
export const sum = (...signals: readonly Float64Array[]): Float64Array =>
  signals[0]!.map((_, k) => signals.reduce((total, signal) => total + signal[k]!, 0));
/** A signal times a factor. */
export const scaled = (factor: number, signal: Float64Array): Float64Array =>
  signal.map((value) => factor * value);

/** White noise of deviation 1. */
export function whiteNoise({ random, length }: SyntheticRecording): Float64Array {
  return Float64Array.from({ length }, () => random.normal());
}

/** Noise of power 1/f^exponent and deviation 1: a segment of random Fourier coefficients. */
export function coloredNoise(
  { random, length }: SyntheticRecording,
  exponent: number,
): Float64Array {
  const size = nextPowerOfTwo(4 * length);
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  for (let bin = 1; bin < size / 2; bin++) {
    const amplitude = bin ** (-exponent / 2);
    re[bin] = amplitude * random.normal();
    im[bin] = amplitude * random.normal();
  }
  fft(re, im);
  return standardized(re.slice(0, length));
}

/** A random walk, scaled to deviation 1. */
export function randomWalk(recording: SyntheticRecording): Float64Array {
  let value = 0;
  return standardized(whiteNoise(recording).map((step) => value += step));
}

/** Noise with one spectral peak of a given width: a second-order autoregressive process. */
export function resonance(
  { random, fps, length }: SyntheticRecording,
  { hz, widthHz }: { hz: number; widthHz: number },
): Float64Array {
  const radius = Math.exp((-Math.PI * widthHz) / fps);
  const coefficient = 2 * radius * Math.cos((2 * Math.PI * hz) / fps);
  let [value, previous] = [0, 0];
  const next = () =>
    [value, previous] = [
      coefficient * value - radius ** 2 * previous + random.normal(),
      value,
    ];
  for (let k = 0; k < 20 * fps; k++) next();
  return standardized(Float64Array.from({ length }, () => next()[0]!));
}

/** Breathing with harmonics; each breath has its own duration and depth. */
export function breathing({ random, fps, length }: SyntheticRecording): Float64Array {
  const rate = between(random, 8, 36);
  const variability = between(random, 0.02, 0.15);
  const [second, third] = [between(random, 0.1, 0.6), between(random, 0, 0.3)];
  const [phase2, phase3] = [6.3 * random.uniform(), 6.3 * random.uniform()];
  let breaths = random.uniform();
  let [pace, depth] = [1, 1];
  return Float64Array.from({ length }, () => {
    const previous = breaths;
    breaths += (rate / 60 / fps) * pace;
    if (Math.floor(breaths) > Math.floor(previous)) {
      pace = Math.exp(variability * random.normal());
      depth = Math.exp(variability * random.normal());
    }
    const angle = 2 * Math.PI * breaths;
    return depth * (Math.sin(angle) + second * Math.sin(2 * angle + phase2) +
      third * Math.sin(3 * angle + phase3));
  });
}

/** Lamp flicker: a sine or square of 0.8 to 2.5 Hz, or the alias of 100 or 120 Hz mains flicker. */
export function lamp(
  { random, fps, length }: SyntheticRecording,
  { isAliased = false }: { isAliased?: boolean } = {},
): Float64Array {
  const mainsHz = random.uniform() < 0.5 ? 100 : 120;
  const offsetHz = between(random, 0.8, 2.5);
  // A frame rate near a divisor of the mains flicker aliases it to a low frequency.
  const cameraFps = mainsHz / Math.round(mainsHz / fps) + offsetHz / Math.round(mainsHz / fps);
  const hz = isAliased ? mainsHz - cameraFps * Math.round(mainsHz / cameraFps) : offsetHz;
  const isSquare = random.uniform() < 0.3;
  const phase = 6.3 * random.uniform();
  return Float64Array.from({ length }, (_, k) => {
    const value = Math.sin((2 * Math.PI * hz * k) / fps + phase);
    return isSquare ? Math.sign(value) : value;
  });
}

/** A level that changes to a new random value at random times. */
export function randomSteps({ random, fps, length }: SyntheticRecording): Float64Array {
  const perSecond = logBetween(random, 0.3, 4);
  let level = random.normal();
  return Float64Array.from({ length }, () => {
    if (random.uniform() < perSecond / fps) level = random.normal();
    return level;
  });
}

/** One step at a random time, with little noise or none. */
export function singleStep(recording: SyntheticRecording): Float64Array {
  const { random, length } = recording;
  const position = between(random, 0.2, 0.8) * length;
  const noise = random.uniform() < 0.5 ? 0 : logBetween(random, 0.001, 0.1);
  return whiteNoise(recording).map((value, k) => (k > position ? 1 : 0) + noise * value);
}

function standardized(signal: Float64Array): Float64Array {
  const mean = signal.reduce((total, value) => total + value, 0) / signal.length;
  const square = signal.reduce((total, value) => total + (value - mean) ** 2, 0) / signal.length;
  return signal.map((value) => (value - mean) / (Math.sqrt(square) || 1));
}
