/**
 * Fits models/confidence.json, the probability that a pulse is within 3 beats/min, in one command:
 *
 *     deno run -A scripts/fit_confidence.ts [made-up cases] [folder of traces]
 *
 * Fitted on recorded traces with a contact sensor beside them and on made-up faces
 * (fit/pulse_cases.ts), a third of which have no pulse. What is reported is left out: each person
 * is judged by a model that was fitted without that person, each tenth of the made-up likewise.
 */
import { column, parseTable, timesOf } from "../src/commands/validate/table.ts";
import { traceSamples } from "../src/commands/validate/trace.ts";
import {
  PULSE_REFERENCE,
  type Reference,
  waveformReference,
} from "../src/commands/validate/reference.ts";
import { summarize } from "../src/commands/validate/statistics.ts";
import { runWindows, type WindowResult } from "../src/commands/validate/windows.ts";
import { createVitalsEngine } from "../src/vitals/engine.ts";
import { type ConfidenceModel, FEATURE_NAMES } from "../src/vitals/pulse/confidence.ts";
import { PulseEstimator } from "../src/vitals/pulse/estimator.ts";
import type { RegionSample } from "../src/vision/region_sample.ts";
import { fitLogistic } from "./fit/logistic.ts";
import { type FaceCase, makeFaceCase } from "./fit/pulse_cases.ts";

const MODEL = new URL("../models/confidence.json", import.meta.url);
const TRACES = new URL("../../shared/data/traces/", import.meta.url).pathname;
const FOLDS = 10;
/** Recordings are also cut into pieces of this length, so that growing windows are learnt too. */
const PIECE_S = 12;
/** Quantiles to which features are cut. */
const TAIL = 0.005;
/** A number where no pulse is costs more than a missing one. */
const NOTHING_IMPORTANCE = 3;

interface Row {
  /** Who or what was recorded: rows of one group are never split. */
  readonly group: string;
  readonly kind: "real" | "pulse" | "nothing";
  readonly features: readonly number[];
  readonly right: 0 | 1;
  /** True where a veto withholds it: it is reported, not fitted. */
  readonly vetoed: boolean;
}

/** One recorded person. */
interface Recording {
  readonly name: string;
  readonly reference: Reference;
  /** All signals of the recording, and what is left when some are missing. */
  readonly variants: readonly (readonly RegionSample[])[];
}

/** Shows every candidate, so that vetoes speak too. */
const SHOW_ALL: ConfidenceModel = modelOf([100, ...FEATURE_NAMES.map(() => 0)], () => [0, 0]);

function modelOf(
  [bias = 0, ...weights]: readonly number[],
  range: (index: number) => readonly [number, number],
): ConfidenceModel {
  const byName = <Value>(value: (index: number) => Value) =>
    Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, value(index)])) as Record<
      typeof FEATURE_NAMES[number],
      Value
    >;
  return { bias, weights: byName((k) => weights[k] ?? 0), ranges: byName(range) };
}

function readRecordings(folder: string): Recording[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".csv")
  );
  return names.sort().map((name) => {
    const table = parseTable(Deno.readTextFileSync(folder + name), name);
    const ready = [...table.columns.keys()].filter((column) => column.endsWith("_e4"));
    const wave = table.columns.has("ref_ppg") ? "ref_ppg" : "finger_ppg";
    const choices = ready.length ? [ready, ...ready.map((one) => [one])] : [[]];
    return {
      name: name.replace(".csv", ""),
      reference: waveformReference(timesOf(table), column(table, wave), {
        band: PULSE_REFERENCE,
      }),
      variants: choices.map((signals) => [...traceSamples(table, { signals })]),
    };
  });
}

/** Judges samples as service does, once a second, starting anew after each piece. */
function* judgements(samples: readonly RegionSample[], pieceS: number) {
  let estimator = new PulseEstimator({ model: SHOW_ALL });
  let startUs = samples[0]!.timeUs;
  let judgedUs = -Infinity;
  for (const [index, sample] of samples.entries()) {
    if (sample.timeUs - startUs > pieceS * 1e6) {
      estimator = new PulseEstimator({ model: SHOW_ALL });
      startUs = sample.timeUs;
    }
    estimator.push(sample);
    estimator.estimate();
    const { judgement } = estimator;
    const due = judgement && judgement.timeUs - judgedUs > 0.9e6;
    if (!due || !judgement.features || judgement.rate === undefined) continue;
    judgedUs = judgement.timeUs;
    const seconds = Math.min(10, (sample.timeUs - startUs) / 1e6);
    yield { ...judgement, index, seconds, timeUs: sample.timeUs, rate: judgement.rate };
  }
}

function rowOf(
  { features, rate, withheld }: {
    features?: Readonly<Record<string, number>>;
    rate: number;
    withheld?: string;
  },
  truth: number,
): Pick<Row, "features" | "right" | "vetoed"> {
  return {
    features: FEATURE_NAMES.map((name) => features![name]!),
    right: Math.abs(rate - truth) <= 3 ? 1 : 0,
    vetoed: withheld !== undefined,
  };
}

function rowsOfRecording({ name, reference, variants }: Recording): Row[] {
  return variants.flatMap((samples) =>
    [Infinity, PIECE_S].flatMap((pieceS) =>
      [...judgements(samples, pieceS)].flatMap((judgement): Row[] => {
        const truth = reference.rateAt(judgement.timeUs / 1e6, judgement.seconds);
        if (truth === undefined) return [];
        const row = rowOf({ ...judgement, features: { ...judgement.features } }, truth);
        return [{ group: name, kind: "real", ...row }];
      })
    )
  );
}

function rowsOfCase({ kind, samples, beats }: FaceCase, seed: number): Row[] {
  return [...judgements(samples, Infinity)].map((judgement) => {
    const { index, timeUs, seconds } = judgement;
    let truth = -Infinity;
    if (beats) {
      const from = samples.findIndex((sample) => sample.timeUs >= timeUs - seconds * 1e6);
      const minutes = (timeUs - samples[from]!.timeUs) / 60e6;
      truth = (beats[index]! - beats[from]!) / minutes;
    }
    const row = rowOf({ ...judgement, features: { ...judgement.features } }, truth);
    return { group: `made up ${seed % FOLDS}`, kind, ...row };
  });
}

/** Recorded and made-up count alike, however many rows each has. */
function fit(all: readonly Row[]): ConfidenceModel {
  const rows = all.filter(({ vetoed }) => !vetoed);
  const real = rows.filter(({ kind }) => kind === "real").length;
  const ranges = FEATURE_NAMES.map((_, k) => {
    const sorted = rows.map(({ features }) => features[k]!).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
    return [at(TAIL), at(1 - TAIL)] as const;
  });
  const cut = rows.map(({ features }) =>
    features.map((value, k) => Math.max(ranges[k]![0], Math.min(ranges[k]![1], value)))
  );
  const importance = rows.map(({ kind }) =>
    kind === "real"
      ? rows.length / (2 * Math.max(1, real))
      : (rows.length / (2 * Math.max(1, rows.length - real))) *
        (kind === "nothing" ? NOTHING_IMPORTANCE : 1)
  );
  const weights = fitLogistic(cut, rows.map(({ right }) => right), { importance });
  const round = (value: number) => Number(value.toPrecision(5));
  return modelOf(weights.map(round), (k) => [round(ranges[k]![0]), round(ranges[k]![1])]);
}

const round = (value: number | undefined) => value === undefined ? null : Number(value.toFixed(4));
const cases = Number(Deno.args[0] ?? 600);
const recordings = readRecordings(Deno.args[1] ?? TRACES);
const rows = recordings.flatMap(rowsOfRecording);
for (let seed = 0; seed < cases; seed++) rows.push(...rowsOfCase(makeFaceCase(seed, 30), seed));
console.log(`${rows.length} windows of ${recordings.length} recordings and ${cases} made-up faces`);

/** The engine as it runs in service, on a person whom the model has never seen. */
const leftOut: { name: string; windows: WindowResult[]; firstValueS?: number }[] = [];
for (const { name, reference, variants } of recordings) {
  const model = fit(rows.filter(({ group }) => group !== name));
  const { pulse } = await runWindows(createVitalsEngine({ pulse: { model } }), variants[0]!, {
    windowS: 10,
    stepS: 1,
    references: { pulse: reference },
  });
  leftOut.push({ name, ...pulse, windows: [...pulse.windows] });
}
const report = [
  ...leftOut,
  {
    name: "ubfc, all",
    windows: leftOut.flatMap((l) => l.name.startsWith("ubfc") ? l.windows : []),
  },
  { name: "all", windows: leftOut.flatMap(({ windows }) => windows) },
].map((run) => {
  const { n, coverage, mae, rmse, p95, within_3, calibration_error, first_value_s } = summarize(
    run,
    "pulse",
  );
  const sure = run.windows.filter(({ confidence, reference }) =>
    (confidence ?? 0) >= 0.9 && reference !== undefined
  );
  const rightWhereSure = sure.filter((w) => Math.abs(w.rate! - w.reference!) <= 3).length;
  return {
    name: run.name,
    n,
    coverage: round(coverage),
    mae: round(mae),
    rmse: round(rmse),
    p95: round(p95),
    within_3: round(within_3),
    calibration_error: round(calibration_error),
    first_value_s: round(first_value_s),
    sure: sure.length,
    right_where_sure: round(sure.length ? rightWhereSure / sure.length : undefined),
  };
});
console.table(report);

/** Made-up faces, each tenth by a model of the others. */
const madeUp = Array.from({ length: FOLDS }, (_, fold) => {
  const group = `made up ${fold}`;
  const { bias, weights, ranges } = fit(rows.filter((row) => row.group !== group));
  return rows.filter((row) => row.group === group).map((row) => {
    const z = FEATURE_NAMES.reduce((sum, name, k) => {
      const [low, high] = ranges[name];
      return sum + weights[name] * Math.max(low, Math.min(high, row.features[k]!));
    }, bias);
    return { ...row, confidence: row.vetoed ? 0 : 1 / (1 + Math.exp(-z)) };
  });
}).flat();
const share = (chosen: readonly { right: number }[]) =>
  round(chosen.reduce((sum, { right }) => sum + right, 0) / Math.max(1, chosen.length));
const nothing = madeUp.filter(({ kind }) => kind === "nothing");
const madeUpReport = {
  cases,
  windows: madeUp.length,
  published: round(madeUp.filter(({ confidence }) => confidence >= 0.7).length / madeUp.length),
  right_where_over_07: share(madeUp.filter(({ confidence }) => confidence >= 0.7)),
  right_where_over_09: share(madeUp.filter(({ confidence }) => confidence >= 0.9)),
  nothing_published: round(
    nothing.filter(({ confidence }) => confidence >= 0.7).length / Math.max(1, nothing.length),
  ),
};
console.log(madeUpReport);

await Deno.writeTextFile(
  MODEL,
  JSON.stringify(
    {
      what: "Probability that a pulse rate is within 3 beats/min of the truth: logistic regression",
      fitted_by: "scripts/fit_confidence.ts",
      fitted_on:
        `${recordings.length} recorded persons (11 of UBFC-rPPG, Bobbia 2019, with signals of ` +
        `iphys-toolbox; one of ppgdetector) and ${cases} made-up faces of 30 s, about a third ` +
        "without a pulse; windows that a veto withholds are left out",
      left_out: { recorded: report, made_up: madeUpReport },
      limits:
        "Few persons, adults at rest, one laboratory: other skins, lights and cameras may differ",
      pulse: fit(rows),
    },
    null,
    2,
  ) + "\n",
);
