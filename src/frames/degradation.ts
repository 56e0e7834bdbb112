/**
 * Policy by which published frames are reduced for a slow link. The degradation goes from 0, no
 * reduction, to 1; it lowers the frame rate and the JPEG quality together.
 */

/** Difference between two consecutive degradations of the congestion controller. */
export const DEGRADATION_STEP = 0.1;

/**
 * Approximate factor by which each step of degradation multiplies the bit rate, through frame rate
 * and quality together.
 */
export const BIT_RATE_PER_STEP = 2 / 3;

/** Factor of the frame rate at degradation 1. Chosen. */
const MIN_FRAME_RATE_FACTOR = 0.1;
/** Factor of the JPEG quantizers at degradation 1. Chosen. */
const MAX_QUANTIZER_SCALE = 32;

/** Returns the factor of the frame rate at `degradation`, linear from 1 to 0.1. */
export function frameRateFactorFor(degradation: number): number {
  return 1 - degradation * (1 - MIN_FRAME_RATE_FACTOR);
}

/** Returns the factor of the JPEG quantizers at `degradation`, exponential from 1 to 32. */
export function quantizerScaleFor(degradation: number): number {
  return MAX_QUANTIZER_SCALE ** degradation;
}
