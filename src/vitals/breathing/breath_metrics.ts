import { monotonicUs } from "../../base/time.ts";
import type { Sample } from "../estimate.ts";
import { bandPass, butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import { findBreaths } from "./breaths.ts";
import type { ChestSegment } from "./chest_track.ts";
import { detrendLinear } from "./rate.ts";

/** Period over which the respiratory line length is computed, in seconds. Chosen. */
export const LINE_LENGTH_S = 10;

/** Measurements of single breaths; each breath is reported once, after it has ended. */
export interface BreathMetrics {
  /** Height of each breath, in frame heights. */
  readonly amplitude: readonly Sample[];
  /** Chest level at the end of each exhalation relative to its linear trend, in frame heights. */
  readonly baseline: readonly Sample[];
  /** Inhalation time divided by exhalation time. */
  readonly inhaleExhaleRatio: readonly Sample[];
  /** Distance travelled by the chest, up and down, in frame heights per second. */
  readonly lineLength: Sample;
  /** End of the last reported breath. */
  readonly lastBreathUs: number;
}

/**
 * Measures the breaths that ended after `afterUs`.
 *
 * The band-pass filter keeps three harmonics of the rate, so that inhalation and exhalation keep
 * their durations.
 *
 * @param segment the newest segment of the chest trace.
 * @param evidence rate in breaths/min and amplitude of a breath in frame heights.
 */
export function measureBreaths(
  { chest, endUs, sampleRateHz }: ChestSegment,
  { rate, amplitude }: { rate: number; amplitude: number },
  { afterUs }: { afterUs: number },
): BreathMetrics {
  const hz = rate / 60;
  const seconds = Math.max(20, 4 / hz);
  const detrended = detrendLinear(chest.slice(-Math.round(seconds * sampleRateHz)));
  const filtered = bandPass(detrended, {
    lowHz: Math.max(0.03, 0.3 * hz),
    highHz: Math.min(2, 4 * hz),
    sampleRateHz,
  });
  const timeOf = (index: number) => endUs - ((filtered.length - 1 - index) * 1e6) / sampleRateHz;
  const metrics = {
    amplitude: [] as Sample[],
    baseline: [] as Sample[],
    inhaleExhaleRatio: [] as Sample[],
  };
  let lastBreathUs = afterUs;
  // In a new window the end of a reported breath moves by less than a third of a breath.
  const nextUs = afterUs + 1e6 / hz / 3;
  for (const breath of findBreaths(filtered, { minSwing: 0.35 * amplitude })) {
    const timeUs = monotonicUs(Math.round(timeOf(breath.end)));
    if (timeUs <= nextUs) continue;
    lastBreathUs = timeUs;
    const ratio = (breath.peak - breath.start) / (breath.end - breath.peak);
    metrics.amplitude.push({ timeUs, value: breath.amplitude });
    metrics.baseline.push({ timeUs, value: detrended[Math.round(breath.end)] ?? 0 });
    metrics.inhaleExhaleRatio.push({ timeUs, value: ratio });
  }
  return { ...metrics, lineLength: lineLengthOf({ chest, endUs, sampleRateHz }), lastBreathUs };
}

/**
 * Returns the respiratory line length: the sum of all absolute changes per second. It grows with
 * depth and rate, and falls to near zero in an apnea.
 *
 * Source: Esteller et al., Proc. IEEE EMBS 2001, define the line length of a signal.
 */
function lineLengthOf(
  { chest, endUs, sampleRateHz }: Pick<ChestSegment, "chest" | "endUs" | "sampleRateHz">,
): Sample {
  const part = chest.slice(-Math.round(LINE_LENGTH_S * sampleRateHz));
  const smooth = filterZeroPhase(part, [butterworthLowPass({ cutoffHz: 1, sampleRateHz })]);
  let sum = 0;
  for (let k = 1; k < smooth.length; k++) sum += Math.abs(smooth[k]! - smooth[k - 1]!);
  const seconds = (smooth.length - 1) / sampleRateHz;
  return { timeUs: monotonicUs(Math.round(endUs)), value: seconds > 0 ? sum / seconds : 0 };
}
