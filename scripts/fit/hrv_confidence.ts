/**
 * Fits models/hrv_confidence.json in one command:
 *
 *     deno run -A scripts/fit/hrv_confidence.ts [folder of traces]
 *
 * Each subject's contact wave gives the reference RMSSD. What is judged is the face's own pulse
 * signals, and the contact wave under growing noise and with lost frames, because no face at hand is
 * clean enough to be right. Subjects are left out one at a time for the report.
 */
import {
  beatTimesS,
  HRV_FEATURES,
  type HrvFeature,
  hrvFeatures,
} from "../../src/vitals/hrv/estimator.ts";
import { BeatSeries } from "../../src/vitals/hrv/beat_series.ts";
import { findBeats } from "../../src/vitals/hrv/beats.ts";
import { HRV_TOLERANCE_MS } from "../../src/vitals/hrv/estimator.ts";
import { variabilityOf } from "../../src/vitals/hrv/variability.ts";
import { PulseEstimator } from "../../src/vitals/pulse/estimator.ts";
import { Random } from "../../tests/support/random.ts";
import { fitLogistic, predict } from "./logistic.ts";

const MODEL = new URL("../../models/hrv_confidence.json", import.meta.url);
const SHARED = new URL("../../../shared/data/traces/", import.meta.url).pathname;
/** Noise against the contact wave, as ratios of deviations. */
const NOISES = [0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5];
/** Shares of frames that get lost at random: with more, the frame rate is too low to be judged. */
const LOSSES = [0, 0.1, 0.2];
const RATE_HZ = 30;

interface Row {
  readonly subject: string;
  readonly features: readonly number[];
  readonly error: number;
  readonly face: boolean;
  readonly lost: number;
}

/** A trace on a uniform grid: the contact wave, and the signals of the face. */
function readTrace(path: string): { contact: Float64Array; face: Float64Array[]; rate: number } {
  const [head = "", ...lines] = Deno.readTextFileSync(path).trim().split("\n");
  const names = head.split(",");
  const rows = lines.map((line) => line.split(",").map(Number));
  const times = rows.map((row) => row[0]!);
  const length = Math.floor((times.at(-1)! - times[0]!) * RATE_HZ);
  const column = (name: string) => {
    const index = names.indexOf(name);
    let k = 0;
    return Float64Array.from({ length }, (_, n) => {
      const time = times[0]! + n / RATE_HZ;
      while (times[k + 1]! < time) k++;
      const share = (time - times[k]!) / (times[k + 1]! - times[k]!);
      return rows[k]![index]! * (1 - share) + rows[k + 1]![index]! * share;
    });
  };
  const oximeter = column("ref_hr_oximeter");
  return {
    contact: column("ref_ppg"),
    face: names.filter((name) => /_e4$/.test(name)).map(column),
    rate: oximeter.reduce((sum, value) => sum + value, 0) / length,
  };
}

/** What the watch would see of these waves, every five seconds from 35 s on. */
function* looks(
  waves: readonly Float64Array[],
  { lost, random }: { lost: number; random: Random },
) {
  const pulse = new PulseEstimator();
  const trail = new BeatSeries();
  for (let k = 0; k < waves[0]!.length; k++) {
    if (random.uniform() >= lost) {
      pulse.push({
        timeUs: Math.round((k * 1e6) / RATE_HZ) + 1,
        sequence: k,
        regions: {},
        faceCount: 1,
        brightness: 100,
        clipped: 0,
        motion: 1,
        readySignals: waves.map((wave) => wave[k]!),
      });
    }
    if (k % 15) continue;
    pulse.estimate();
    if (pulse.wave) trail.push(pulse.wave);
    if (k >= 35 * RATE_HZ && k % (5 * RATE_HZ) === 0) {
      const features = hrvFeatures(trail.beats);
      if (features) yield { features, beats: beatTimesS(trail.beats) };
    }
  }
}

function rowsOf(folder: string, subject: string): Row[] {
  const { contact, face, rate } = readTrace(folder + subject);
  const reference = findBeats(contact, { sampleRateHz: RATE_HZ, rate })
    .map(({ crossing }) => crossing / RATE_HZ);
  const random = new Random(subject.length);
  const deviation = Math.sqrt(
    contact.reduce((s, v) => s + v * v, 0) / contact.length -
      (contact.reduce((s, v) => s + v, 0) / contact.length) ** 2,
  );
  const inputs = [
    { face: true, waves: face },
    ...NOISES.map((noise) => ({
      face: false,
      waves: [contact.map((value) => value + noise * deviation * 2 * random.normal())],
    })),
  ].flatMap((input) => LOSSES.map((lost) => ({ ...input, lost })));
  return inputs.flatMap(({ face, waves, lost }) =>
    [...looks(waves, { lost, random })].flatMap(({ features, beats }): Row[] => {
      const within = reference.filter((t) => t > beats[0]! - 0.3 && t < beats.at(-1)! + 0.3);
      const [own, truth] = [variabilityOf(beats), variabilityOf(within)];
      if (!own || !truth) return [];
      const values = HRV_FEATURES.map((name: HrvFeature) => features[name]);
      return [{ subject, features: values, error: own.rmssd - truth.rmssd, face, lost }];
    })
  );
}

const folder = Deno.args[0] ?? SHARED;
const subjects = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.startsWith("ubfc")).sort();
const rows = subjects.flatMap((subject) => rowsOf(folder, subject));
const right = rows.map(({ error }) => (Math.abs(error) <= HRV_TOLERANCE_MS ? 1 : 0));
const stated = new Array<number>(rows.length).fill(0);
for (const subject of subjects) {
  const others = rows.flatMap((row, k) => (row.subject === subject ? [] : [k]));
  const weights = fitLogistic(others.map((k) => rows[k]!.features), others.map((k) => right[k]!));
  rows.forEach((row, k) => {
    if (row.subject === subject) stated[k] = predict(weights, row.features);
  });
}
const round = (value: number) => Number(value.toFixed(4));
const over = (limit: number) => stated.flatMap((p, k) => (p >= limit ? [k] : []));
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const shown = over(0.9);
const faces = rows.flatMap((row, k) => (row.face ? [k] : []));
const lossy = rows.flatMap((row, k) => (row.lost ? [k] : []));
const report = {
  windows: rows.length,
  shown: round(shown.length / rows.length),
  shownRight: round(mean(shown.map((k) => right[k]!))),
  shownErrorMs: round(mean(shown.map((k) => Math.abs(rows[k]!.error)))),
  statedWhereShown: round(mean(shown.map((k) => stated[k]!))),
  shownWhereLost: round(mean(lossy.map((k) => (stated[k]! >= 0.9 ? 1 : 0)))),
  shownWhereLostRight: round(mean(lossy.filter((k) => stated[k]! >= 0.9).map((k) => right[k]!))),
  facesShown: faces.filter((k) => stated[k]! >= 0.9).length / faces.length,
  facesErrorMs: round(mean(faces.map((k) => Math.abs(rows[k]!.error)))),
};
console.log(report);
const [intercept = 0, ...weights] = fitLogistic(rows.map((row) => row.features), right);
const model = {
  what: `Probability that an RMSSD is within ${HRV_TOLERANCE_MS} ms: a logistic regression`,
  fitted_on:
    `${subjects.length} subjects of UBFC-rPPG: face signals, and contact waves with noise; up to ${
      100 * Math.max(...LOSSES)
    } % of frames lost`,
  left_out_subjects: report,
  intercept: round(intercept),
  weights: Object.fromEntries(HRV_FEATURES.map((name, i) => [name, round(weights[i]!)])),
};
await Deno.writeTextFile(MODEL, JSON.stringify(model, null, 2) + "\n");
