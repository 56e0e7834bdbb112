import { mean } from "../../base/statistics.ts";
import type { RegionName } from "../../vision/region_sample.ts";
import { bandPass } from "../signal/bandpass.ts";
import { movingMean } from "../signal/detrend.ts";
import { type ColorSignal, pos, PROJECTION_WINDOW_S } from "../signal/projections.ts";
import type { Segment } from "../signal/resample.ts";
import { amplitudeAt, harmonicSnrDb, powerSpectrum } from "../signal/spectrum.ts";
import { SKIN_REGIONS } from "./methods/color.ts";
import type { PulseWindow } from "./methods/method.ts";
import { subharmonicDb } from "./subharmonic.ts";

/** Minimum amplitude of the background relative to the skin, for flicker. Chosen. */
const FLICKER_RATIO = 0.5;
/** POS amplitude relative to brightness under which a pulse is implausible, in decibels. */
const MIN_POS_RATIO_DB = -6;
/** SNR of brightness over that of POS from which a POS weaker than brightness is implausible, dB. */
const MAX_SNR_DIFFERENCE_DB = 5;
/** Minimum SNR of brightness for a rejection by a low POS ratio, in decibels. Chosen. */
const MIN_BRIGHTNESS_SNR_DB = -6;
/** A subharmonic of the skin's green this much stronger than the candidate rejects it, dB. Chosen. */
const MAX_SUBHARMONIC_DB = 3;
/** SNR from which an oscillation is distinct from its own noise, in decibels. Chosen. */
const DISTINCT_SNR_DB = 0;
/** Shorter segments are not evaluated, in seconds. Chosen. */
const MIN_SEGMENT_S = 4;
/** Band of the spectra, and the band of the SNR within it, in hertz. Chosen. */
const PASSBAND = { lowHz: 0.45, highHz: 8 } as const;
const SNR_BAND = { lowHz: 0.6, highHz: 4.5 } as const;
/** Zero padding of the spectra. Chosen. */
const PAD_FACTOR = 2.5;

/** The oscillation of a signal at one frequency. */
interface Oscillation {
  readonly amplitude: number;
  readonly snrDb: number;
}

interface FrequencyOptions {
  readonly frequencyHz: number;
  readonly sampleRateHz: number;
}

/**
 * Returns why a candidate that looks like a pulse is rejected; undefined if it is not.
 *
 * - `flicker`: the background oscillates at the same frequency. A lamp or automatic exposure changes
 *   background and skin alike, a pulse only the skin.
 * - `motion`: brightness oscillates much more than color. Blood absorbs green more than red: in a
 *   pulse, the POS amplitude is about 1.3 to 2.3 times that of brightness (measured on recorded
 *   faces), while motion and light cause next to no POS signal. Or the candidate is a harmonic of
 *   something slower that moves the skin, such as breathing.
 */
export function rejectionReason(
  window: PulseWindow,
  frequencyHz: number,
): "flicker" | "motion" | undefined {
  const options = { frequencyHz, sampleRateHz: window.sampleRateHz };
  const region = SKIN_REGIONS.findLast((name) => longestColorSegment(window, name));
  const skin = region && longestColorSegment(window, region);
  if (!skin) return undefined;
  const brightness = brightnessOscillation(skin, options);
  const background = longestColorSegment(window, "background");
  if (background) {
    const { amplitude, snrDb } = brightnessOscillation(background, options);
    const isStrong = amplitude >= FLICKER_RATIO * brightness.amplitude;
    if (isStrong && snrDb >= DISTINCT_SNR_DB) return "flicker";
  }
  // Projections suppress slow changes, so the subharmonic is measured on the color itself.
  if (subharmonicDb(withoutMean(skin.g), options) > MAX_SUBHARMONIC_DB) return "motion";
  const pulse = oscillationAt(pos(skin, options), options);
  const posRatioDb = 20 * Math.log10(pulse.amplitude / brightness.amplitude);
  // The weaker POS is, the lower is the SNR of brightness that is enough for a rejection.
  const deficitDb = MIN_POS_RATIO_DB - posRatioDb;
  const isWeak = deficitDb > 0 && brightness.snrDb > Math.max(MIN_BRIGHTNESS_SNR_DB, -deficitDb);
  const isNoisy = posRatioDb < 0 && pulse.snrDb < DISTINCT_SNR_DB &&
    brightness.snrDb - pulse.snrDb > MAX_SNR_DIFFERENCE_DB;
  return isWeak || isNoisy ? "motion" : undefined;
}

/** Colors in the longest segment of a region without gaps; undefined if it is too short. */
function longestColorSegment(window: PulseWindow, region: RegionName): ColorSignal | undefined {
  const color = window.color(region);
  let longest: Segment | undefined;
  for (const segment of window.segments(region)) {
    if (!longest || segment.end - segment.start > longest.end - longest.start) longest = segment;
  }
  if (!color || !longest) return undefined;
  const { start, end } = longest;
  if (end - start < MIN_SEGMENT_S * window.sampleRateHz) return undefined;
  return {
    r: color.r.subarray(start, end),
    g: color.g.subarray(start, end),
    b: color.b.subarray(start, end),
  };
}

function withoutMean(channel: Float64Array): Float64Array {
  const center = mean(channel);
  return channel.map((value) => value - center);
}

/** The relative oscillation of the mean of red, green and blue. */
function brightnessOscillation({ r, g, b }: ColorSignal, options: FrequencyOptions): Oscillation {
  const length = Math.round(PROJECTION_WINDOW_S * options.sampleRateHz);
  const [meanR, meanG, meanB] = [r, g, b].map((channel) => movingMean(channel, length));
  const brightness = g.map((_, k) =>
    (r[k]! / (meanR![k]! || 1) + g[k]! / (meanG![k]! || 1) + b[k]! / (meanB![k]! || 1)) / 3
  );
  return oscillationAt(brightness, options);
}

function oscillationAt(
  signal: Float64Array,
  { frequencyHz, sampleRateHz }: FrequencyOptions,
): Oscillation {
  const filtered = bandPass(signal, { ...PASSBAND, sampleRateHz });
  const spectrum = powerSpectrum(filtered, { sampleRateHz, padFactor: PAD_FACTOR });
  return {
    amplitude: amplitudeAt(spectrum, { frequencyHz, samples: signal.length }),
    snrDb: harmonicSnrDb(spectrum, { frequencyHz, ...SNR_BAND }),
  };
}
