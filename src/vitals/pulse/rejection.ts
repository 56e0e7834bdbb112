import type { RegionName } from "../../vision/region_sample.ts";
import { bandPass } from "../signal/bandpass.ts";
import { mean, movingMean } from "../signal/detrend.ts";
import { type ColorSignal, pos, PROJECTION_WINDOW_S } from "../signal/projections.ts";
import { amplitudeAt, harmonicSnrDb, powerSpectrum } from "../signal/spectrum.ts";
import { SKIN_REGIONS } from "./methods/color.ts";
import type { PulseWindow } from "./methods/method.ts";
import { subharmonicDb } from "./subharmonic.ts";

/** A lamp, not a heart, where the wall swings at least this much as skin does. */
const FLICKER_SHARE = 0.5;
/** Light or motion, not blood, where colour swings less than this beside brightness, dB. */
const LEAST_BLOOD_DB = -6;
/** Or where it swings less than brightness, in its own noise, and by this much less plainly, dB. */
const LESS_PLAIN_DB = 5;
/** The less colour swings, the less brightness has to stand out for that; but not less than this. */
const LEAST_DB = -6;
/** A rhythm of half or a third of the rate that swings this much more makes overtones, dB. */
const OVERTONE_DB = 3;
/** A swing counts where it stands this far out of its own noise, dB. */
const STANDS_OUT_DB = 0;
/** Shorter stretches tell too little. */
const SHORTEST_S = 4;

/** How much a wave swings at a frequency, and how far that stands out. */
interface Swing {
  readonly amplitude: number;
  readonly snrDb: number;
}

interface At {
  readonly frequencyHz: number;
  readonly sampleRateHz: number;
}

/**
 * Why a candidate that looks like a pulse is none; undefined where nothing speaks against it.
 *
 * - `flicker`: the wall swings with it. A lamp, or a camera that hunts for its exposure, lights
 *   wall and skin alike; a heart lights only the skin.
 * - `motion`: skin gets brighter and darker far more than it changes colour. Blood absorbs green
 *   more than red: where it swings, POS swings about 1.3 to 2.3 times as much as brightness
 *   (measured on real faces), while motion and light leave POS next to nothing. Or it is the
 *   overtone of something slower that moves the skin: a breath.
 */
export function rejectionReason(
  window: PulseWindow,
  frequencyHz: number,
): "flicker" | "motion" | undefined {
  const at = { frequencyHz, sampleRateHz: window.sampleRateHz };
  const region = SKIN_REGIONS.findLast((name) => longestRun(window, name));
  const skin = region && longestRun(window, region);
  if (!skin) return undefined;
  const brightness = brightnessSwing(skin, at);
  const wall = longestRun(window, "background");
  if (wall) {
    const swing = brightnessSwing(wall, at);
    const loud = swing.amplitude >= FLICKER_SHARE * brightness.amplitude;
    if (loud && swing.snrDb >= STANDS_OUT_DB) return "flicker";
  }
  // Projections lose what is slow: only the colour itself shows whose overtone this may be.
  if (subharmonicDb(withoutMean(skin.g), at) > OVERTONE_DB) return "motion";
  const blood = swingOf(pos(skin, at), at);
  const bloodDb = 20 * Math.log10(blood.amplitude / brightness.amplitude);
  const missingDb = LEAST_BLOOD_DB - bloodDb;
  const faint = missingDb > 0 && brightness.snrDb > Math.max(LEAST_DB, -missingDb);
  const blurred = bloodDb < 0 && blood.snrDb < STANDS_OUT_DB &&
    brightness.snrDb - blood.snrDb > LESS_PLAIN_DB;
  return faint || blurred ? "motion" : undefined;
}

/** The longest stretch of a region without holes, where it is long enough. */
function longestRun(window: PulseWindow, region: RegionName): ColorSignal | undefined {
  const color = window.color(region);
  let longest: { start: number; end: number } | undefined;
  for (const run of window.runs(region)) {
    if (!longest || run.end - run.start > longest.end - longest.start) longest = run;
  }
  if (!color || !longest) return undefined;
  const { start, end } = longest;
  if (end - start < SHORTEST_S * window.sampleRateHz) return undefined;
  return {
    r: color.r.subarray(start, end),
    g: color.g.subarray(start, end),
    b: color.b.subarray(start, end),
  };
}

/** A colour without its mean. */
function withoutMean(channel: Float64Array): Float64Array {
  const centre = mean(channel);
  return channel.map((value) => value - centre);
}

/** The relative swing that red, green and blue share. */
function brightnessSwing({ r, g, b }: ColorSignal, at: At): Swing {
  const length = Math.round(PROJECTION_WINDOW_S * at.sampleRateHz);
  const [slowR, slowG, slowB] = [r, g, b].map((channel) => movingMean(channel, length));
  const wave = g.map((_, k) =>
    (r[k]! / (slowR![k]! || 1) + g[k]! / (slowG![k]! || 1) + b[k]! / (slowB![k]! || 1)) / 3
  );
  return swingOf(wave, at);
}

function swingOf(wave: Float64Array, { frequencyHz, sampleRateHz }: At): Swing {
  const filtered = bandPass(wave, { lowHz: 0.45, highHz: 8, sampleRateHz });
  const spectrum = powerSpectrum(filtered, { sampleRateHz, padFactor: 2.5 });
  return {
    amplitude: amplitudeAt(spectrum, { frequencyHz, samples: wave.length }),
    snrDb: harmonicSnrDb(spectrum, { frequencyHz, lowHz: 0.6, highHz: 4.5 }),
  };
}
