import { beatRate } from "./beat_rate.ts";
import { bandPass } from "../vitals/signal/bandpass.ts";
import { movingMean } from "../vitals/signal/detrend.ts";
import { type Grid, resample } from "../vitals/signal/resample.ts";
import { SampleRing } from "../vitals/signal/ring.ts";
import { findPeaks, powerSpectrum } from "../vitals/signal/spectrum.ts";
import { column, type NumberTable, TableError, timesOf } from "./table.ts";
import type { Vital } from "./vital.ts";

/** Reference values of one vital sign. */
export interface Reference {
  /** Origin of the values, for the report. */
  readonly description: string;
  /** Times of the first and the last value in seconds, if they are known. */
  readonly spanS?: readonly [first: number, last: number];
  /** Returns the rate over the `windowS` seconds before `endS`, in 1/min; undefined if not known. */
  rateAt(endS: number, windowS: number): number | undefined;
}

type ReferenceKind = "rate" | "waveform";

/** Search range for the rate of a waveform, in 1/min. */
export interface RateBand {
  readonly low: number;
  readonly high: number;
}

export const PULSE_REFERENCE: RateBand = { low: 27, high: 230 };
export const BREATHING_REFERENCE: RateBand = { low: 3, high: 50 };
/** Minimum window for a breathing rate: the ten seconds of a pulse window contain few breaths. */
const MIN_BREATHING_WINDOW_S = 30;
/** Age of the newest value at the end of a window up to which a reference has not ended. Chosen. */
const MAX_AGE_S = 0.5;
/** The same for rates, in intervals between them: 1 s for a device that measures twice a second. */
const MAX_AGE_INTERVALS = 2;
/** Minimum fraction of valid samples in a window. */
const MIN_VALID_FRACTION = 0.9;
/** A shorter window has too few beats for a spectrum, in seconds. Chosen. */
const MIN_SPECTRUM_S = 5;
/** Where beats are looked for around a shorter window: its length, and how far it reaches after it. */
const AROUND_S = { length: 10, after: 1 } as const;

/**
 * Returns the references in `columns`, a comma-separated list of column names. A column is a pulse
 * unless its name contains "breath" or "resp", and a rate if its name or its values suggest so.
 * Suffixes state it explicitly, as in `name:breathing:waveform`.
 *
 * @throws {TableError} if a column does not exist, or is `rr` without a suffix
 */
export function referencesOf(
  table: NumberTable,
  columns: string,
): Readonly<Partial<Record<Vital, Reference>>> {
  const times = timesOf(table);
  const references: Partial<Record<Vital, Reference>> = {};
  for (const entry of columns.split(",").map((part) => part.trim()).filter(Boolean)) {
    const [name = "", ...suffixes] = entry.split(":");
    const values = column(table, name);
    const vital = vitalOf(name, suffixes);
    const breathing = vital === "breathing";
    const band = breathing ? BREATHING_REFERENCE : PULSE_REFERENCE;
    const statedKind = suffixes.find((suffix): suffix is ReferenceKind =>
      suffix === "rate" || suffix === "waveform"
    );
    const isRate = /(rate|bpm)$/i.test(name) || isRateLike(times, values, band);
    const kind = statedKind ?? (isRate ? "rate" : "waveform");
    const description = `column ${name} of ${table.path}, a ${kind}`;
    const reference = kind === "rate"
      ? rateReference(times, values, description)
      : waveformReference(times, values, { band, description });
    references[vital] = breathing ? withMinWindow(reference, MIN_BREATHING_WINDOW_S) : reference;
  }
  return references;
}

function vitalOf(name: string, suffixes: readonly string[]): Vital {
  if (suffixes.includes("breathing")) return "breathing";
  if (suffixes.includes("pulse")) return "pulse";
  if (/^rr$/i.test(name)) {
    throw new TableError(
      `Cannot use the column ${name}: it may be a respiratory rate or intervals between beats: ` +
        `write ${name}:breathing:rate for a respiratory rate; intervals are not supported`,
    );
  }
  return /breath|resp/i.test(name) ? "breathing" : "pulse";
}

/**
 * Returns true if the values can be rates: they lie in a plausible range and hardly vary about
 * their moving mean over 4 s. A waveform, in contrast, reverses its direction with every beat.
 */
export function isRateLike(
  times: Float64Array,
  values: Float64Array,
  { low, high }: RateBand,
): boolean {
  const finite = values.filter(Number.isFinite);
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (!finite.length || !(seconds > 0)) return false;
  if (finite.some((value) => value < 0.5 * low || value > 1.5 * high)) return false;
  const baseline = movingMean(finite, (4 * finite.length) / seconds);
  const variation = Math.sqrt(
    finite.reduce((sum, value, k) => sum + (value / baseline[k]! - 1) ** 2, 0) / finite.length,
  );
  let reversals = 0;
  let direction = 0;
  for (let k = 1; k < finite.length; k++) {
    const sign = Math.sign(finite[k]! - finite[k - 1]!);
    if (sign === 0) continue;
    if (direction && sign !== direction) reversals++;
    direction = sign;
  }
  return variation < 0.1 && reversals / seconds < low / 60;
}

/**
 * Reference from rates in 1/min: their mean over the window. It is not known if the newest rate in
 * the window is older than two intervals between rates.
 */
export function rateReference(
  times: Float64Array,
  rates: Float64Array,
  description = "rates",
): Reference {
  const known = times.filter((_, row) => Number.isFinite(rates[row]));
  const maxAgeS = Math.max(MAX_AGE_S, MAX_AGE_INTERVALS * medianInterval(known));
  return {
    description,
    ...spanOf(known),
    rateAt(endS, windowS) {
      let sum = 0;
      let count = 0;
      let newestS = -Infinity;
      for (let row = 0; row < times.length; row++) {
        const inside = times[row]! > endS - windowS && times[row]! <= endS + 1e-6;
        if (inside && Number.isFinite(rates[row])) {
          sum += rates[row]!;
          count++;
          newestS = times[row]!;
        }
      }
      return endS - newestS <= maxAgeS ? sum / count : undefined;
    },
  };
}

/**
 * Reference from a waveform: its dominant frequency in `band` over the window, or the rate of its
 * beats over a window under five seconds.
 */
export function waveformReference(
  times: Float64Array,
  waveform: Float64Array,
  { band, description = "a waveform" }: { band: RateBand; description?: string },
): Reference {
  const ring = new SampleRing({ capacity: Math.max(1, times.length), channels: 1 });
  times.forEach((time, row) => ring.push(time * 1e6, [waveform[row]!]));
  const sampleRateHz = band.high > 60 ? 30 : 10;
  const span = spanOf(times.filter((_, row) => Number.isFinite(waveform[row])));
  const signalOf = (endUs: number, seconds: number) => {
    const length = Math.round(seconds * sampleRateHz);
    const startUs = endUs - ((length - 1) * 1e6) / sampleRateHz;
    const grid: Grid = { startUs, sampleRateHz, length };
    return { startUs, signal: fillGaps(resample(ring, { channel: 0, grid })) };
  };
  return {
    description,
    ...span,
    rateAt(endS, windowS) {
      // The recording can end slightly before the last window does.
      if (!span.spanS || endS - span.spanS[1] > MAX_AGE_S) return undefined;
      const isShort = windowS < MIN_SPECTRUM_S;
      const endUs = Math.min(1e6 * (isShort ? endS + AROUND_S.after : endS), ring.newestUs);
      const { signal, startUs } = signalOf(endUs, isShort ? AROUND_S.length : windowS);
      const rate = signal && dominantRate(signal, { band, sampleRateHz });
      if (!isShort || rate === undefined) return rate;
      const indexAt = (seconds: number) => (seconds - startUs / 1e6) * sampleRateHz;
      const part = { from: indexAt(endS - windowS), to: indexAt(endS) };
      return beatRate(signal!, { sampleRateHz, rate, ...part });
    },
  };
}

function spanOf(times: Float64Array): Pick<Reference, "spanS"> {
  return times.length ? { spanS: [times[0]!, times.at(-1)!] } : {};
}

/** Times whose intervals are taken for those of all. */
const MAX_INTERVALS = 1_000;

/** Returns the median of the first intervals between times in seconds; 0 with under two times. */
function medianInterval(times: Float64Array): number {
  const intervals = times.subarray(1, MAX_INTERVALS).map((time, k) => time - times[k]!).sort();
  return intervals[intervals.length >> 1] ?? 0;
}

/** Fills gaps with the last valid value; returns undefined if too many samples are missing. */
function fillGaps(signal: Float64Array): Float64Array | undefined {
  const valid = signal.reduce((count, value) => count + (Number.isFinite(value) ? 1 : 0), 0);
  if (valid < MIN_VALID_FRACTION * signal.length) return undefined;
  let last = signal.find(Number.isFinite)!;
  return signal.map((value) => last = Number.isFinite(value) ? value : last);
}

/** Returns the dominant frequency in `band`, in 1/min. */
function dominantRate(
  signal: Float64Array,
  { band, sampleRateHz }: { band: RateBand; sampleRateHz: number },
): number | undefined {
  const lowHz = band.low / 60;
  const highHz = band.high / 60;
  const filtered = bandPass(signal, {
    lowHz: 0.6 * lowHz,
    highHz: 1.5 * highHz,
    sampleRateHz,
  });
  const spectrum = powerSpectrum(filtered, { sampleRateHz, padFactor: 6 });
  const [peak] = findPeaks(spectrum, { lowHz, highHz });
  return peak && 60 * peak.frequencyHz;
}

function withMinWindow(reference: Reference, minWindowS: number): Reference {
  return {
    ...reference,
    rateAt: (endS, windowS) => reference.rateAt(endS, Math.max(windowS, minWindowS)),
  };
}
