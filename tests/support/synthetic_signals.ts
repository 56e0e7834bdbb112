import { Random } from "./random.ts";

/** Sample rate of the synthetic signals, in hertz. */
export const SAMPLE_RATE_HZ = 30;
/** Length of the synthetic signals: ten seconds. */
const LENGTH = 300;

/** Ten seconds of a function of time in seconds. */
export function signalOf(value: (seconds: number) => number): Float64Array {
  return Float64Array.from({ length: LENGTH }, (_, k) => value(k / SAMPLE_RATE_HZ));
}

/** Ten seconds of a sine of amplitude 1. */
export function sine(hz: number): Float64Array {
  return signalOf((seconds) => Math.sin(2 * Math.PI * hz * seconds));
}

/** Ten seconds of a sine of amplitude 1 with white noise of the given deviation. */
export function noisySine(
  { hz, noise, seed }: { hz: number; noise: number; seed: number },
): Float64Array {
  const random = new Random(seed);
  return Float64Array.from(
    { length: LENGTH },
    (_, k) => Math.sin((2 * Math.PI * hz * k) / SAMPLE_RATE_HZ) + noise * random.normal(),
  );
}

/** White noise of deviation 1. */
export function whiteNoise(length: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length }, () => random.normal());
}
