import type { Sample } from "../estimate.ts";
import { bandPass, butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import { findBreaths } from "./breaths.ts";
import type { ChestStretch } from "./chest_track.ts";
import { detrendLinear } from "./rate.ts";

/** Seconds over which the line length is taken. */
export const LINE_LENGTH_S = 10;

/** What single breaths look like; a breath is told once, when it has ended. */
export interface BreathShapes {
  /** Height of each breath, in heights of the picture. */
  readonly amplitude: readonly Sample[];
  /** Level of the chest at the end of exhaling against its linear trend, in heights of the picture. */
  readonly baseline: readonly Sample[];
  /** Time of inhaling over time of exhaling. */
  readonly inhaleExhaleRatio: readonly Sample[];
  /** Way of the chest, up and down together, in heights of the picture per second. */
  readonly lineLength: Sample;
  readonly lastBreathUs: number;
}

/**
 * Describes the breaths that ended after `afterUs`. Filters are as wide as the rate allows: three
 * harmonics keep inhaling and exhaling apart.
 */
export function describeBreaths(
  { chest, endUs, sampleRateHz }: ChestStretch,
  { rate, amplitude }: { rate: number; amplitude: number },
  { afterUs }: { afterUs: number },
): BreathShapes {
  const hz = rate / 60;
  const seconds = Math.min(chest.length / sampleRateHz, Math.max(20, 4 / hz));
  const part = detrendLinear(chest.slice(-Math.round(seconds * sampleRateHz)));
  const clean = bandPass(part, {
    lowHz: Math.max(0.03, 0.3 * hz),
    highHz: Math.min(2, 4 * hz),
    sampleRateHz,
  });
  const timeOf = (index: number) => endUs - ((clean.length - 1 - index) * 1e6) / sampleRateHz;
  const shapes = {
    amplitude: [] as Sample[],
    baseline: [] as Sample[],
    inhaleExhaleRatio: [] as Sample[],
  };
  let lastBreathUs = afterUs;
  // A new window moves the end of a known breath by less than a third of a breath.
  const nextUs = afterUs + 1e6 / hz / 3;
  for (const breath of findBreaths(clean, { minSwing: 0.35 * amplitude })) {
    const timeUs = Math.round(timeOf(breath.end));
    if (timeUs <= nextUs) continue;
    lastBreathUs = timeUs;
    const ratio = (breath.peak - breath.start) / (breath.end - breath.peak);
    shapes.amplitude.push({ timeUs, value: breath.amplitude });
    shapes.baseline.push({ timeUs, value: part[Math.round(breath.end)] ?? 0 });
    shapes.inhaleExhaleRatio.push({ timeUs, value: ratio });
  }
  return { ...shapes, lineLength: lineLengthOf({ chest, endUs, sampleRateHz }), lastBreathUs };
}

/**
 * Respiratory line length: the sum of all changes, up or down, per second. It grows with depth and
 * with rate, and falls to near zero in an apnea (Esteller et al., Proc. IEEE EMBS 2001, define
 * the line length of a signal).
 */
function lineLengthOf(
  { chest, endUs, sampleRateHz }: Pick<ChestStretch, "chest" | "endUs" | "sampleRateHz">,
): Sample {
  const part = chest.slice(-Math.round(LINE_LENGTH_S * sampleRateHz));
  const smooth = filterZeroPhase(part, [butterworthLowPass({ cutoffHz: 1, sampleRateHz })]);
  let sum = 0;
  for (let k = 1; k < smooth.length; k++) sum += Math.abs(smooth[k]! - smooth[k - 1]!);
  const seconds = (smooth.length - 1) / sampleRateHz;
  return { timeUs: Math.round(endUs), value: seconds > 0 ? sum / seconds : 0 };
}
