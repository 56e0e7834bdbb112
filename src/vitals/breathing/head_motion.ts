import { bandPass } from "../signal/bandpass.ts";
import type { ChestSegment } from "./chest_track.ts";

/** Largest ratio of head motion to chest motion in breathing. Measured: 0.2 to 0.6. */
const MAX_HEAD_RATIO = 0.8;
/** Head and chest motion with a lower correlation are independent. Chosen. */
const MIN_CORRELATION = 0.3;

/**
 * Returns whether motion of the head explains the chest's rhythm: at this rate the head moves in
 * phase with the chest, and about as far or farther.
 *
 * That is so if a person sways or nods, in a rocking chair, and if the camera moves. A breath moves
 * the chest relative to the head.
 */
export function isHeadMotion(
  { chest, nose, sampleRateHz }: ChestSegment,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): boolean {
  if (!nose) return false;
  const hz = rate / 60;
  const band = { lowHz: 0.6 * hz, highHz: Math.min(1.2, 1.8 * hz), sampleRateHz };
  const window = Math.round(seconds * sampleRateHz);
  const chestMotion = bandPass(chest.slice(-window), band);
  const headMotion = bandPass(nose.slice(-window), band);
  let covariance = 0, chestPower = 0, headPower = 0;
  for (let k = 0; k < chestMotion.length; k++) {
    covariance += chestMotion[k]! * headMotion[k]!;
    chestPower += chestMotion[k]! ** 2;
    headPower += headMotion[k]! ** 2;
  }
  const correlation = covariance / Math.sqrt(chestPower * headPower);
  return headPower > MAX_HEAD_RATIO ** 2 * chestPower && correlation > MIN_CORRELATION;
}
