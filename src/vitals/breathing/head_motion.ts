import { bandPass } from "../signal/bandpass.ts";
import type { ChestStretch } from "./chest_track.ts";

/** A breathing chest lifts the head by a part of its own rise: 0.2 to 0.6 where it was measured. */
const MAX_HEAD_SHARE = 0.8;
/** With less correlation the head moves for reasons of its own. */
const MIN_CORRELATION = 0.3;

/**
 * True where the head leads: at this rate it moves with the chest, and about as far or further.
 * So moves a swaying or nodding person, a rocking chair, a shaken camera, a picture that is
 * carried; a breath moves the chest against the head.
 */
export function isHeadLed(
  { chest, nose, sampleRateHz }: ChestStretch,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): boolean {
  if (!nose) return false;
  const hz = rate / 60;
  const band = { lowHz: 0.6 * hz, highHz: Math.min(1.2, 1.8 * hz), sampleRateHz };
  const window = Math.round(seconds * sampleRateHz);
  const upper = bandPass(chest.slice(-window), band);
  const head = bandPass(nose.slice(-window), band);
  let both = 0, chestPower = 0, headPower = 0;
  for (let k = 0; k < upper.length; k++) {
    both += upper[k]! * head[k]!;
    chestPower += upper[k]! ** 2;
    headPower += head[k]! ** 2;
  }
  const correlation = both / Math.sqrt(chestPower * headPower);
  return headPower > MAX_HEAD_SHARE ** 2 * chestPower && correlation > MIN_CORRELATION;
}
