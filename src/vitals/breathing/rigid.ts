import { bandPass } from "../signal/bandpass.ts";
import type { ChestStretch } from "./chest_track.ts";

/**
 * Share of the chest's power that is left when the nose's motion is taken off, under which both
 * hang on one moving thing: a shaken camera, a rocking chair, a picture that is carried.
 */
const RIGID_SHARE = 0.06;

/**
 * True where chest and nose move as one at the breathing rate. A breath lifts the chest against
 * the head: a seated head follows by a part of it, and a camera's motion moves both alike.
 */
export function moreLikelyRigid(
  { chest, nose, sampleRateHz }: ChestStretch,
  ratePerMinute: number,
): boolean {
  if (!nose || ratePerMinute <= 0) return false;
  const hz = ratePerMinute / 60;
  const band = { lowHz: 0.6 * hz, highHz: Math.min(1.2, 1.8 * hz), sampleRateHz };
  const window = Math.round(Math.max(20, 5 / hz) * sampleRateHz);
  const upper = bandPass(chest.slice(-window), band);
  const head = bandPass(nose.slice(-window), band);
  let rest = 0, whole = 0;
  upper.forEach((value, k) => {
    rest += (value - head[k]!) ** 2;
    whole += value ** 2;
  });
  return whole > 0 && rest / whole < RIGID_SHARE;
}
