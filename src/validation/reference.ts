import { bandPass } from "../vitals/signal/bandpass.ts";
import { movingMean } from "../vitals/signal/detrend.ts";
import { type Grid, resample } from "../vitals/signal/resample.ts";
import { SampleRing } from "../vitals/signal/ring.ts";
import { findPeaks, powerSpectrum } from "../vitals/signal/spectrum.ts";
import { column, type NumberTable, timesOf } from "./table.ts";
import type { Vital } from "./vital.ts";

/** The truth of one vital over any window, or undefined where it cannot be said. */
export interface Reference {
  /** What it was read from, for the report. */
  readonly description: string;
  /** In 1/min, over the `windowS` seconds that end at `endS`. */
  rateAt(endS: number, windowS: number): number | undefined;
}

type Kind = "rate" | "waveform";

/** Where the rate of a waveform is looked for, in 1/min. */
export interface RateBand {
  readonly low: number;
  readonly high: number;
}

export const PULSE_REFERENCE: RateBand = { low: 35, high: 200 };
export const BREATHING_REFERENCE: RateBand = { low: 3, high: 50 };
/** A breath is long: its rate needs more than the ten seconds of a pulse. */
const SHORTEST_BREATHING_WINDOW_S = 30;
/** The least share of a window that must be known. */
const LEAST_KNOWN = 0.9;

/**
 * The references that a user names: columns, separated by commas. Each is a pulse unless its name
 * says breathing, and a rate where its name ends so or it looks so; `name:breathing:waveform` says so.
 */
export function referencesOf(
  table: NumberTable,
  columns: string,
): Readonly<Partial<Record<Vital, Reference>>> {
  const times = timesOf(table);
  const found: Partial<Record<Vital, Reference>> = {};
  for (const wish of columns.split(",").map((part) => part.trim()).filter(Boolean)) {
    const [name = "", ...hints] = wish.split(":");
    const values = column(table, name);
    const breathing = hints.includes("breathing") ||
      (!hints.includes("pulse") && /breath|resp|^rr$/i.test(name));
    const vital = breathing ? "breathing" : "pulse";
    const band = breathing ? BREATHING_REFERENCE : PULSE_REFERENCE;
    const said = hints.find((hint): hint is Kind => hint === "rate" || hint === "waveform");
    const isRate = /(rate|bpm)$/i.test(name) || looksLikeRate(times, values, band);
    const kind = said ?? (isRate ? "rate" : "waveform");
    const description = `column ${name} of ${table.path}, a ${kind}`;
    const reference = kind === "rate"
      ? rateReference(times, values, description)
      : waveformReference(times, values, { band, description });
    found[vital] = breathing ? overAtLeast(reference, SHORTEST_BREATHING_WINDOW_S) : reference;
  }
  return found;
}

/**
 * True for numbers that could be rates and that hardly swing about their own mean of four seconds,
 * as a wave does, whatever its offset: it turns with every beat.
 */
export function looksLikeRate(
  times: Float64Array,
  values: Float64Array,
  { low, high }: RateBand,
): boolean {
  const finite = values.filter(Number.isFinite);
  const seconds = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (!finite.length || !(seconds > 0)) return false;
  if (finite.some((value) => value < 0.5 * low || value > 1.5 * high)) return false;
  const slow = movingMean(finite, (4 * finite.length) / seconds);
  const swing = Math.sqrt(
    finite.reduce((sum, value, k) => sum + (value / slow[k]! - 1) ** 2, 0) / finite.length,
  );
  let turns = 0;
  let direction = 0;
  for (let k = 1; k < finite.length; k++) {
    const now = Math.sign(finite[k]! - finite[k - 1]!);
    if (now === 0) continue;
    if (direction && now !== direction) turns++;
    direction = now;
  }
  return swing < 0.1 && turns / seconds < low / 60;
}

/** Rates as they are: their mean over the window. */
export function rateReference(
  times: Float64Array,
  rates: Float64Array,
  description = "rates",
): Reference {
  return {
    description,
    rateAt(endS, windowS) {
      let sum = 0;
      let count = 0;
      for (let row = 0; row < times.length; row++) {
        const inside = times[row]! > endS - windowS && times[row]! <= endS + 1e-6;
        if (inside && Number.isFinite(rates[row])) {
          sum += rates[row]!;
          count++;
        }
      }
      return count ? sum / count : undefined;
    },
  };
}

/** A wave: the strongest frequency of its band in the same window. */
export function waveformReference(
  times: Float64Array,
  wave: Float64Array,
  { band, description = "a waveform" }: { band: RateBand; description?: string },
): Reference {
  const ring = new SampleRing({ capacity: Math.max(1, times.length), channels: 1 });
  times.forEach((time, row) => ring.push(time * 1e6, [wave[row]!]));
  const sampleRateHz = band.high > 60 ? 30 : 10;
  return {
    description,
    rateAt(endS, windowS) {
      const length = Math.round(windowS * sampleRateHz);
      // The recording may end a little before the last window asks for its end.
      const endUs = Math.min(endS * 1e6, ring.newestUs);
      const grid: Grid = {
        startUs: endUs - ((length - 1) * 1e6) / sampleRateHz,
        sampleRateHz,
        length,
      };
      const signal = bridged(resample(ring, { channel: 0, grid }));
      return signal && strongestRate(signal, { band, sampleRateHz });
    },
  };
}

/** Holds the last value over holes; undefined where too much is missing. */
function bridged(signal: Float64Array): Float64Array | undefined {
  const known = signal.reduce((count, value) => count + (Number.isFinite(value) ? 1 : 0), 0);
  if (known < LEAST_KNOWN * signal.length) return undefined;
  let last = signal.find(Number.isFinite) ?? 0;
  return signal.map((value) => last = Number.isFinite(value) ? value : last);
}

/** In 1/min. */
function strongestRate(
  signal: Float64Array,
  { band, sampleRateHz }: { band: RateBand; sampleRateHz: number },
): number | undefined {
  const lowHz = band.low / 60;
  const highHz = band.high / 60;
  const wave = bandPass(signal, {
    lowHz: 0.6 * lowHz,
    highHz: Math.min(0.45 * sampleRateHz, 1.5 * highHz),
    sampleRateHz,
  });
  const spectrum = powerSpectrum(wave, { sampleRateHz, padFactor: 6 });
  const [peak] = findPeaks(spectrum, { lowHz, highHz });
  return peak && 60 * peak.frequencyHz;
}

function overAtLeast(reference: Reference, shortestS: number): Reference {
  return {
    description: reference.description,
    rateAt: (endS, windowS) => reference.rateAt(endS, Math.max(windowS, shortestS)),
  };
}
