import type { EdfSignal } from "./header.ts";

/** Largest digital value of a waveform; its negative stands for a gap. */
const WAVEFORM_MAX = 32_767;
/** Room above the largest value, so that no value comes near to that of a gap. Chosen. */
const HEADROOM = 1.01;
/** Characters of a physical value, without a sign. */
const DIGITS = 7;
const MAX_DECIMALS = 5;
const LARGEST = 10 ** DIGITS - 1;

/**
 * Returns the scale of a waveform with values up to `peak`, which is symmetric, so that 0 is exact.
 * The smallest value stands for a gap.
 */
export function waveformScale(peak: number): Pick<EdfSignal, "physical" | "digital"> {
  const wanted = Math.min(LARGEST, peak > 0 ? peak * HEADROOM : 1);
  const integerDigits = Math.max(1, Math.floor(Math.log10(wanted)) + 1);
  const decimals = Math.max(0, Math.min(MAX_DECIMALS, DIGITS - 1 - integerDigits));
  const limit = Math.min(LARGEST, Math.ceil(wanted * 10 ** decimals) / 10 ** decimals);
  const text = limit.toFixed(decimals);
  return { physical: [`-${text}`, text], digital: [-WAVEFORM_MAX, WAVEFORM_MAX] };
}

/** The scale of a value that is never negative; the smallest value, -1, stands for a missing one. */
export function positiveScale(
  max: number,
  steps: number,
): Pick<EdfSignal, "physical" | "digital"> {
  return { physical: ["-1", String(max)], digital: [-steps, max * steps] };
}

/**
 * Writes physical values as digital ones, little-endian. NaN, and what the scale does not reach,
 * becomes the smallest digital value, which stands for a missing one.
 */
export function writeDigital(
  values: ArrayLike<number>,
  { physical, digital: [min, max] }: Pick<EdfSignal, "physical" | "digital">,
  into: DataView,
  offset: number,
): void {
  const low = Number(physical[0]);
  const perUnit = (max - min) / (Number(physical[1]) - low);
  for (let k = 0; k < values.length; k++) {
    const digital = Math.round((values[k]! - low) * perUnit) + min;
    into.setInt16(offset + 2 * k, digital > min && digital <= max ? digital : min, true);
  }
}
