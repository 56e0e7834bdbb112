/**
 * Fits models/confidence.json: the probability that a pulse rate is within 3 beats/min of the truth;
 * with --network, models/confidence_with_network.json, for candidates that the rate network
 * (models/pulse_rate.md) judged as well.
 *
 *     deno run -A scripts/fit/pulse_confidence.ts --data=FOLDER [--network] [FACES] [RECORDINGS]
 *
 * The model is fitted on recorded traces with a contact PPG, on synthetic faces
 * (synthetic_faces.ts), and on recordings without a pulse (negatives.ts). Reported results are
 * cross-validated: each person, and each tenth of the synthetic faces, is assessed by a model that
 * was fitted without them. The reported recordings without a pulse have other seeds than the fitted
 * ones, or are of a kind that was not fitted.
 */
import type { Reference } from "../../src/validation/reference.ts";
import { summarize } from "../../src/validation/statistics.ts";
import { runWindows, type WindowResult } from "../../src/validation/windows.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import { createVitalsEngine } from "../../src/vitals/engine.ts";
import type { ConfidenceModel } from "../../src/vitals/pulse/confidence.ts";
import { RateNetwork } from "../../src/vitals/pulse/rate_network/rate_network.ts";
import type { LabeledWindow } from "./labeled_window.ts";
import { Random } from "../../tests/support/random.ts";
import { parseCommandLine } from "./command_line.ts";
import { NEGATIVES } from "./negatives.ts";
import { PERTURBATIONS } from "./perturbations.ts";
import { confidenceOf, fitPulseModel } from "./pulse_model.ts";
import {
  readRecordings,
  windowsOfFace,
  windowsOfRecording,
  windowsWithoutPulse,
} from "./pulse_windows.ts";
import { makeSyntheticFace } from "./synthetic_faces.ts";

const USAGE =
  `deno run -A scripts/fit/pulse_confidence.ts --data=FOLDER [--network] [FACES] [RECORDINGS]
FOLDER contains the recorded traces, one CSV per person: columns t_s, r, g, b and finger_ppg, or
signals whose names end with _e4 and ref_ppg.
FACES is the number of synthetic faces (default 800), RECORDINGS the number of recordings of each
kind without a pulse (default 30).`;
const FOLDS = 10;
const FACE_S = 30;
const NEGATIVE_S = 40;

const { data, network: withNetwork, counts: [faces = 800, recordingsPerKind = 30] } =
  parseCommandLine(USAGE);
const recordings = readRecordings(data);

/** The windows that are fitted. */
function windowsToFit(): LabeledWindow[] {
  const rows = recordings.flatMap((recording) => windowsOfRecording(recording, network));
  for (let seed = 0; seed < faces; seed++) {
    const group = syntheticGroup(seed % FOLDS);
    rows.push(...windowsOfFace(makeSyntheticFace(seed, FACE_S), group, network));
  }
  NEGATIVES.forEach(({ name, heldOut, make }, kind) => {
    for (let index = 0; index < recordingsPerKind && !heldOut; index++) {
      const samples = make(new Random(negativeSeed("fitted", { kind, index })), NEGATIVE_S);
      rows.push(...windowsWithoutPulse(samples, name, network));
    }
  });
  console.log(
    `${rows.length} windows of ${recordings.length} recordings and ${faces} synthetic faces`,
  );
  return rows;
}

function syntheticGroup(fold: number): string {
  return `synthetic ${fold}`;
}

function negativeSeed(
  use: "fitted" | "reported",
  { kind, index }: { kind: number; index: number },
): number {
  return (use === "reported" ? 2_000_000 : 1_000_000) + 1_000 * kind + index;
}

const round = (value: number | undefined) => value === undefined ? null : Number(value.toFixed(4));
const share = <Item>(items: readonly Item[], condition: (item: Item) => boolean) =>
  items.length ? round(items.filter(condition).length / items.length) : null;

/** Runs the engine as in production; returns its result at the end of each window. */
async function runEngine(
  samples: readonly RegionSample[],
  { model, reference }: { model: ConfidenceModel; reference?: Reference },
) {
  const engine = createVitalsEngine({ pulse: { model, rateNetwork: network } });
  const { pulse } = await runWindows(engine, samples, {
    windowS: 10,
    stepS: 1,
    ...(reference ? { references: { pulse: reference } } : {}),
  });
  return pulse;
}

function summaryOf({ windows, firstValueS }: Awaited<ReturnType<typeof runEngine>>) {
  const summary = summarize(
    { windows, ...(firstValueS === undefined ? {} : { firstValueS }) },
    "pulse",
  );
  const confident = windows.filter(({ confidence, reference }) =>
    (confidence ?? 0) >= 0.9 && reference !== undefined
  );
  return {
    n: summary.n,
    coverage: round(summary.coverage),
    mae: round(summary.mae),
    rmse: round(summary.arms),
    p95: round(summary.p95),
    within_3: round(summary.within_3),
    calibration_error: round(summary.calibration_error),
    first_value_s: round(summary.first_value_s),
    confident: confident.length,
    right_if_confident: share(confident, (w) => Math.abs(w.rate! - w.reference!) <= 3),
  };
}

/** Leave-one-person-out cross-validation. */
async function validateRecorded(rows: readonly LabeledWindow[]) {
  const windowsByGroup = new Map<string, WindowResult[]>();
  const byPerson: ({ name: string } & ReturnType<typeof summaryOf>)[] = [];
  const addToGroup = (name: string, windows: readonly WindowResult[]) =>
    windowsByGroup.set(name, [...windowsByGroup.get(name) ?? [], ...windows]);
  for (const [index, { name, reference, variants: [whole, ...single] }] of recordings.entries()) {
    const model = fitPulseModel(rows.filter(({ group }) => group !== name));
    const run = (samples: readonly RegionSample[]) => runEngine(samples, { model, reference });
    const pulse = await run(whole!);
    byPerson.push({ name, ...summaryOf(pulse) });
    const group = name.startsWith("ubfc") ? "ubfc" : "finger";
    addToGroup(group, pulse.windows);
    addToGroup("all", pulse.windows);
    for (const samples of single) {
      addToGroup("ubfc, a single ready signal", (await run(samples)).windows);
    }
    for (const [perturbation, perturb] of Object.entries(PERTURBATIONS)) {
      addToGroup(`${group}, ${perturbation}`, (await run(perturb(whole!, index))).windows);
    }
  }
  const recorded = [
    ...byPerson,
    ...[...windowsByGroup].map(([name, windows]) => ({ name, ...summaryOf({ windows }) })),
  ];
  console.table(recorded);
  return recorded;
}

/** Cross-validation of the synthetic faces. */
function validateSynthetic(rows: readonly LabeledWindow[]) {
  const assessed = Array.from({ length: FOLDS }, (_, fold) => {
    const group = syntheticGroup(fold);
    const model = fitPulseModel(rows.filter((row) => row.group !== group));
    return rows.filter((row) => row.group === group)
      .map((row) => ({ ...row, confidence: confidenceOf(row, model) }));
  }).flat();
  const atLeast = (limit: number) => assessed.filter(({ confidence }) => confidence >= limit);
  const isRight = ({ right }: { right: number }) => right === 1;
  const isPublished = ({ confidence }: { confidence: number }) => confidence >= 0.7;
  const synthetic = {
    faces,
    windows: assessed.length,
    published_with_pulse: share(assessed.filter(({ kind }) => kind === "synthetic"), isPublished),
    right_over_07: share(atLeast(0.7), isRight),
    right_over_09: share(atLeast(0.9), isRight),
    published_without_pulse: share(assessed.filter(({ kind }) => kind === "no_pulse"), isPublished),
  };
  console.log(synthetic);
  return synthetic;
}

/** Recordings without a pulse, by the shipped model. */
async function validateWithoutPulse(model: ConfidenceModel) {
  const withoutPulse = [];
  for (const [kind, { name, heldOut, make }] of NEGATIVES.entries()) {
    const windows: WindowResult[] = [];
    for (let index = 0; index < recordingsPerKind; index++) {
      const samples = make(new Random(negativeSeed("reported", { kind, index })), NEGATIVE_S);
      windows.push(...(await runEngine(samples, { model })).windows);
    }
    withoutPulse.push({
      name,
      kind_was_fitted: !heldOut,
      windows: windows.length,
      published: share(windows, ({ strict }) => strict !== undefined),
      confident: share(
        windows,
        ({ strict, confidence = 0 }) => strict !== undefined && confidence >= 0.9,
      ),
    });
  }
  console.table(withoutPulse);
  return withoutPulse;
}

using network = withNetwork ? await RateNetwork.open() : undefined;
const rows = windowsToFit();
const model = fitPulseModel(rows);
const file = withNetwork ? "confidence_with_network" : "confidence";

await Deno.writeTextFile(
  new URL(`../../models/${file}.json`, import.meta.url),
  JSON.stringify(
    {
      what: "Probability that a pulse rate is within 3 beats/min of the truth: logistic regression",
      fitted_by: "scripts/fit/pulse_confidence.ts",
      fitted_on:
        `${recordings.length} recorded persons (11 of UBFC-rPPG, Bobbia 2019, with signals of ` +
        `iphys-toolbox; one of ppgdetector), ${faces} synthetic faces of ${FACE_S} s, and ` +
        `${recordingsPerKind} recordings of each kind without a pulse; rejected windows are ` +
        "excluded",
      cross_validated: {
        recorded: await validateRecorded(rows),
        synthetic: validateSynthetic(rows),
        without_pulse: await validateWithoutPulse(model),
      },
      limits:
        "Few persons, adults at rest, one laboratory: other skins, lights and cameras may differ",
      pulse: model,
    },
    null,
    2,
  ) + "\n",
);
