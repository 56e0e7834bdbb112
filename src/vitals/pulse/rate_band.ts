import { MOTION_DIVISORS } from "./subharmonic.ts";

/** Two frequencies in hertz. */
export interface Band {
  readonly lowHz: number;
  readonly highHz: number;
}

/** A range of pulse rates, and how candidates in it are found. */
export interface RateBand {
  /** Published rates, in beats/min: from `min` on, under `max`. */
  readonly published: { readonly min: number; readonly max: number };
  /** Where candidates are searched: wider, so that a pulse just outside is not mistaken for one inside. */
  readonly search: Band;
  /** Band of the SNR: from just under the searched band to the first harmonics. */
  readonly noise: Band;
  /** Cutoff of the high-pass prefilter, in hertz: under the band, where its response causes no peak. */
  readonly prefilterHz: number;
  /** Subharmonics by which a candidate is recognized as a harmonic of something slower. */
  readonly divisors: readonly number[];
  /** Multiples of the breathing rate at which breathing may cause a false pulse. */
  readonly breathingHarmonics: readonly number[];
  /** Minimum confidence of a rate at such a multiple. */
  readonly minBreathingHarmonicConfidence: number;
  /** Whether colors are needed: a ready signal does not show whether it is blood or breathing. */
  readonly needsColors: boolean;
  /** Whether a breathing rate is needed: breathing, which colors skin too, may be as fast. */
  readonly needsBreathingRate: boolean;
}

const perMinute = (low: number, high: number): Band => ({ lowHz: low / 60, highHz: high / 60 });

/** The rates of most people, by whose recordings the confidence was fitted. */
export const USUAL_BAND: RateBand = {
  published: { min: 39.5, max: 180.5 },
  search: perMinute(36, 200),
  noise: perMinute(36, 270),
  prefilterHz: 0.45,
  // An irregular heart, in which every second beat is early, makes five harmonics of two.
  divisors: [1.5, 2, 2.5, 3],
  breathingHarmonics: [2, 3],
  minBreathingHarmonicConfidence: 0.9,
  needsColors: false,
  needsBreathingRate: false,
};

/** Athletes at rest, and slow hearts. Breathing is as fast, so that its fundamental counts as well. */
export const SLOW_BAND: RateBand = {
  published: { min: 30, max: 39.5 },
  search: perMinute(26, 54),
  noise: perMinute(24, 150),
  prefilterHz: 0.3,
  divisors: [1.5, ...MOTION_DIVISORS, 4],
  breathingHarmonics: [1, 2, 3, 4],
  minBreathingHarmonicConfidence: Infinity,
  needsColors: true,
  needsBreathingRate: true,
};

/** Infants, and adults at their limit. */
export const FAST_BAND: RateBand = {
  published: { min: 180.5, max: 220.5 },
  search: perMinute(150, 240),
  noise: perMinute(100, 420),
  prefilterHz: 1,
  divisors: [1.5, ...MOTION_DIVISORS, 2.5, 4, 5],
  breathingHarmonics: [],
  minBreathingHarmonicConfidence: 0,
  needsColors: false,
  needsBreathingRate: false,
};
