import { standardDeviation } from "../signal/detrend.ts";
import { green } from "../signal/projections.ts";
import { harmonicSnrDb, powerSpectrum } from "../signal/spectrum.ts";
import { SKIN_REGIONS } from "../voters/color.ts";
import type { PulseWindow } from "../voters/voter.ts";
import { bandPass } from "../signal/bandpass.ts";
import type { RegionName } from "../../vision/region_sample.ts";

/** The lamp, not the heart, where the wall swings at least this much as skin does. */
const FLICKER_SHARE = 0.5;
/** A peak of the background that stands this far out of its own noise, dB. */
const FLICKER_SNR_DB = 0;

/** Relative amplitude of a region's green in a narrow band, and its SNR there. */
function swing(window: PulseWindow, region: RegionName, frequencyHz: number) {
  const color = window.color(region);
  const { sampleRateHz } = window;
  const [run] = [...window.runs(region)].sort((a, b) => (b.end - b.start) - (a.end - a.start));
  if (!color || !run || run.end - run.start < 4 * sampleRateHz) return undefined;
  const part = {
    r: color.r.subarray(run.start, run.end),
    g: color.g.subarray(run.start, run.end),
    b: color.b.subarray(run.start, run.end),
  };
  const wave = green(part, { sampleRateHz });
  const band = { lowHz: 0.45, highHz: 8, sampleRateHz };
  const spectrum = powerSpectrum(bandPass(wave, band), { sampleRateHz, padFactor: 2.5 });
  const snrDb = harmonicSnrDb(spectrum, { frequencyHz, lowHz: 0.6, highHz: 4.5 });
  const bin = Math.round(frequencyHz / spectrum.binHz);
  // A Hann window of n samples gives a wave of amplitude a the power (a·n/4)².
  const amplitude = (4 * Math.sqrt(spectrum.power[bin] ?? 0)) / wave.length;
  return { snrDb, amplitude, deviation: standardDeviation(wave) };
}

/**
 * True where a candidate also stands in the background: a lamp that flickers or a camera that
 * hunts for its exposure lights wall and skin alike, a heart only the skin.
 */
export function isFlicker(window: PulseWindow, frequencyHz: number): boolean {
  const background = swing(window, "background", frequencyHz);
  if (!background || background.snrDb < FLICKER_SNR_DB) return false;
  const skin = SKIN_REGIONS.map((region) => swing(window, region, frequencyHz)?.amplitude ?? 0);
  return background.amplitude >= FLICKER_SHARE * Math.max(...skin);
}
