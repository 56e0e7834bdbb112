import { monotonicUs } from "../../src/base/time.ts";
/**
 * Fits models/hrv_confidence.json: the probability that an RMSSD is within the tolerance.
 *
 *     deno run -A scripts/fit/hrv_confidence.ts --data=FOLDER
 *
 * The reference is the RMSSD of each subject's contact PPG. The model is fitted on the rPPG signals
 * of the face, and on the contact PPG with added noise and dropped frames, because the available
 * rPPG signals have too much noise for a right RMSSD. Reported results are from
 * leave-one-subject-out cross-validation.
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
import { parseCommandLine } from "./command_line.ts";
import { fitLogistic, predict } from "./logistic.ts";

const USAGE = `deno run -A scripts/fit/hrv_confidence.ts --data=FOLDER
FOLDER contains the recorded traces of UBFC-rPPG as ubfc_*.csv, with the columns t_s, ref_ppg,
ref_hr_oximeter and rPPG signals whose names end with _e4.`;
const MODEL = new URL("../../models/hrv_confidence.json", import.meta.url);
/** Standard deviation of the added noise, relative to twice that of the contact PPG. */
const NOISES = [0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5];
/** Shares of frames dropped at random: with more, the engine reports a low frame rate. */
const DROPPED_SHARES = [0, 0.1, 0.2];
const RATE_HZ = 30;

interface Row {
  readonly subject: string;
  readonly features: readonly number[];
  readonly error: number;
  readonly face: boolean;
  readonly droppedShare: number;
}

/** Reads a trace onto a uniform grid: the contact PPG and the rPPG signals of the face. */
function readTrace(path: string): { contact: Float64Array; face: Float64Array[]; rate: number } {
  const [header = "", ...lines] = Deno.readTextFileSync(path).trim().split("\n");
  const names = header.split(",");
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

/** Computes the features of BVP signals as in production, every five seconds from 35 s on. */
function* featuresOf(
  signals: readonly Float64Array[],
  { droppedShare, random }: { droppedShare: number; random: Random },
) {
  const pulse = new PulseEstimator();
  const series = new BeatSeries();
  for (let k = 0; k < signals[0]!.length; k++) {
    if (random.uniform() >= droppedShare) {
      pulse.push({
        timeUs: monotonicUs(Math.round((k * 1e6) / RATE_HZ) + 1),
        sequence: k,
        regions: {},
        faceCount: 1,
        brightness: 100,
        clipped: 0,
        motion: 1,
        readySignals: signals.map((signal) => signal[k]!),
      });
    }
    if (k % 15) continue;
    pulse.estimate();
    if (pulse.wave) series.push(pulse.wave);
    if (k >= 35 * RATE_HZ && k % (5 * RATE_HZ) === 0) {
      const features = hrvFeatures(series.beats);
      if (features) yield { features, beats: beatTimesS(series.beats) };
    }
  }
}

function rowsOf(folder: string, subject: string): Row[] {
  const { contact, face, rate } = readTrace(`${folder}/${subject}`);
  const reference = findBeats(contact, { sampleRateHz: RATE_HZ, rate })
    .map(({ crossing }) => crossing / RATE_HZ);
  const random = new Random(subject.length);
  const deviation = Math.sqrt(
    contact.reduce((s, v) => s + v * v, 0) / contact.length -
      (contact.reduce((s, v) => s + v, 0) / contact.length) ** 2,
  );
  const inputs = [
    { face: true, signals: face },
    ...NOISES.map((noise) => ({
      face: false,
      signals: [contact.map((value) => value + noise * deviation * 2 * random.normal())],
    })),
  ].flatMap((input) => DROPPED_SHARES.map((droppedShare) => ({ ...input, droppedShare })));
  return inputs.flatMap(({ face, signals, droppedShare }) =>
    [...featuresOf(signals, { droppedShare, random })].flatMap(({ features, beats }): Row[] => {
      const within = reference.filter((t) => t > beats[0]! - 0.3 && t < beats.at(-1)! + 0.3);
      const [own, truth] = [variabilityOf(beats), variabilityOf(within)];
      if (!own || !truth) return [];
      const values = HRV_FEATURES.map((name: HrvFeature) => features[name]);
      return [{ subject, features: values, error: own.rmssd - truth.rmssd, face, droppedShare }];
    })
  );
}

const { data } = parseCommandLine(USAGE);
const subjects = [...Deno.readDirSync(data)].map(({ name }) => name)
  .filter((name) => name.startsWith("ubfc")).sort();
const rows = subjects.flatMap((subject) => rowsOf(data, subject));
const right = rows.map(({ error }) => (Math.abs(error) <= HRV_TOLERANCE_MS ? 1 : 0));
const predicted = new Array<number>(rows.length).fill(0);
for (const subject of subjects) {
  const others = rows.flatMap((row, k) => (row.subject === subject ? [] : [k]));
  const weights = fitLogistic(others.map((k) => rows[k]!.features), others.map((k) => right[k]!));
  rows.forEach((row, k) => {
    if (row.subject === subject) predicted[k] = predict(weights, row.features);
  });
}
const round = (value: number) => Number(value.toFixed(4));
const atLeast = (limit: number) => predicted.flatMap((p, k) => (p >= limit ? [k] : []));
const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const published = atLeast(0.9);
const faces = rows.flatMap((row, k) => (row.face ? [k] : []));
const dropped = rows.flatMap((row, k) => (row.droppedShare ? [k] : []));
const report = {
  windows: rows.length,
  published: round(published.length / rows.length),
  publishedRight: round(mean(published.map((k) => right[k]!))),
  publishedErrorMs: round(mean(published.map((k) => Math.abs(rows[k]!.error)))),
  publishedConfidence: round(mean(published.map((k) => predicted[k]!))),
  droppedPublished: round(mean(dropped.map((k) => (predicted[k]! >= 0.9 ? 1 : 0)))),
  droppedRight: round(mean(dropped.filter((k) => predicted[k]! >= 0.9).map((k) => right[k]!))),
  facesPublished: faces.filter((k) => predicted[k]! >= 0.9).length / faces.length,
  facesErrorMs: round(mean(faces.map((k) => Math.abs(rows[k]!.error)))),
};
console.log(report);
const [intercept = 0, ...weights] = fitLogistic(rows.map((row) => row.features), right);
const model = {
  what: `Probability that an RMSSD is within ${HRV_TOLERANCE_MS} ms: a logistic regression`,
  fitted_on:
    `${subjects.length} subjects of UBFC-rPPG: rPPG signals, and contact PPG with noise; up to ${
      100 * Math.max(...DROPPED_SHARES)
    } % of frames dropped`,
  cross_validated: report,
  intercept: round(intercept),
  weights: Object.fromEntries(HRV_FEATURES.map((name, i) => [name, round(weights[i]!)])),
};
await Deno.writeTextFile(MODEL, JSON.stringify(model, null, 2) + "\n");
