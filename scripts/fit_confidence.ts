/**
 * Fits models/confidence.json, the probability that a pulse is within 3 beats/min, in one command:
 *
 *     deno run -A scripts/fit_confidence.ts [made-up faces] [recordings a kind] [folder of traces]
 *
 * Fitted on recorded traces with a contact sensor beside them, on made-up faces
 * (fit/pulse_cases.ts), and on what has no pulse at all (fit/negatives.ts). What is reported is
 * left out: each person is judged by a model that was fitted without that person, each tenth of the
 * made-up faces likewise, and of what has no pulse the fit saw other recordings, or none of the kind.
 */
import type { Reference } from "../src/validation/reference.ts";
import { summarize } from "../src/validation/statistics.ts";
import { runWindows, type WindowResult } from "../src/validation/windows.ts";
import type { RegionSample } from "../src/vision/region_sample.ts";
import { createVitalsEngine } from "../src/vitals/engine.ts";
import type { ConfidenceModel } from "../src/vitals/pulse/confidence.ts";
import { Random } from "../tests/support/random.ts";
import { confidenceOf, fitConfidence } from "./fit/confidence_fit.ts";
import { NEGATIVES } from "./fit/negatives.ts";
import { makeFaceCase } from "./fit/pulse_cases.ts";
import { readRecordings, rowsOfCase, rowsOfNothing, rowsOfRecording } from "./fit/pulse_rows.ts";
import { VARIANTS } from "./fit/variants.ts";

const MODEL = new URL("../models/confidence.json", import.meta.url);
const TRACES = new URL("../../shared/data/traces/", import.meta.url).pathname;
const FOLDS = 10;
const NEGATIVE_S = 40;

const cases = Number(Deno.args[0] ?? 800);
const recordingsAKind = Number(Deno.args[1] ?? 30);
const recordings = readRecordings(Deno.args[2] ?? TRACES);
const rows = recordings.flatMap(rowsOfRecording);
for (let seed = 0; seed < cases; seed++) {
  rows.push(...rowsOfCase(makeFaceCase(seed, 30), `made up ${seed % FOLDS}`));
}
/** The same kind with the same number is another recording where it is reported. */
const seedOf = (kind: number, number: number, reported: boolean) =>
  (reported ? 2_000_000 : 1_000_000) + 1_000 * kind + number;
NEGATIVES.forEach(({ name, heldOut, make }, kind) => {
  for (let number = 0; number < recordingsAKind && !heldOut; number++) {
    const samples = make(new Random(seedOf(kind, number, false)), NEGATIVE_S);
    rows.push(...rowsOfNothing(samples, name));
  }
});
console.log(`${rows.length} windows of ${recordings.length} recordings, ${cases} made-up faces`);

const round = (value: number | undefined) => value === undefined ? null : Number(value.toFixed(4));
const share = <Item>(items: readonly Item[], wanted: (item: Item) => boolean) =>
  items.length ? round(items.filter(wanted).length / items.length) : null;

/** The engine as it runs in service, asked at the end of each window. */
async function watch(
  samples: readonly RegionSample[],
  { model, reference }: { model: ConfidenceModel; reference?: Reference },
) {
  const { pulse } = await runWindows(createVitalsEngine({ pulse: { model } }), samples, {
    windowS: 10,
    stepS: 1,
    ...(reference ? { references: { pulse: reference } } : {}),
  });
  return pulse;
}

function figures({ windows, firstValueS }: Awaited<ReturnType<typeof watch>>) {
  const summary = summarize(
    { windows, ...(firstValueS === undefined ? {} : { firstValueS }) },
    "pulse",
  );
  const sure = windows.filter(({ confidence, reference }) =>
    (confidence ?? 0) >= 0.9 && reference !== undefined
  );
  return {
    n: summary.n,
    coverage: round(summary.coverage),
    mae: round(summary.mae),
    rmse: round(summary.rmse),
    p95: round(summary.p95),
    within_3: round(summary.within_3),
    calibration_error: round(summary.calibration_error),
    first_value_s: round(summary.first_value_s),
    sure: sure.length,
    right_where_sure: share(sure, (w) => Math.abs(w.rate! - w.reference!) <= 3),
  };
}

/** Each person by a model that never saw that person. */
const leftOut = new Map<string, WindowResult[]>();
const byPerson: ({ name: string } & ReturnType<typeof figures>)[] = [];
const add = (name: string, windows: readonly WindowResult[]) =>
  leftOut.set(name, [...leftOut.get(name) ?? [], ...windows]);
for (const [index, { name, reference, variants: [whole, ...single] }] of recordings.entries()) {
  const model = fitConfidence(rows.filter(({ group }) => group !== name));
  const run = (samples: readonly RegionSample[]) => watch(samples, { model, reference });
  const pulse = await run(whole!);
  byPerson.push({ name, ...figures(pulse) });
  const group = name.startsWith("ubfc") ? "ubfc" : "finger";
  add(group, pulse.windows);
  add("all", pulse.windows);
  for (const samples of single) add("ubfc, one ready signal alone", (await run(samples)).windows);
  for (const [variant, change] of Object.entries(VARIANTS)) {
    add(`${group}, ${variant}`, (await run(change(whole!, index))).windows);
  }
}
const recorded = [
  ...byPerson,
  ...[...leftOut].map(([name, windows]) => ({ name, ...figures({ windows }) })),
];
console.table(recorded);

/** Made-up faces, each tenth by a model of the others. */
const madeUp = Array.from({ length: FOLDS }, (_, fold) => {
  const group = `made up ${fold}`;
  const model = fitConfidence(rows.filter((row) => row.group !== group));
  return rows.filter((row) => row.group === group)
    .map((row) => ({ ...row, confidence: confidenceOf(row, model) }));
}).flat();
const over = (limit: number) => madeUp.filter(({ confidence }) => confidence >= limit);
const isRight = ({ right }: { right: number }) => right === 1;
const alive = madeUp.filter(({ kind }) => kind === "pulse");
const madeUpReport = {
  cases,
  windows: madeUp.length,
  published_where_a_pulse_is: share(alive, ({ confidence }) => confidence >= 0.7),
  right_where_over_07: share(over(0.7), isRight),
  right_where_over_09: share(over(0.9), isRight),
  published_where_none_is: share(
    madeUp.filter(({ kind }) => kind === "nothing"),
    ({ confidence }) => confidence >= 0.7,
  ),
};
console.log(madeUpReport);

/** What has no pulse, by the shipped model. */
const model = fitConfidence(rows);
const nothing = [];
for (const [kind, { name, heldOut, make }] of NEGATIVES.entries()) {
  const windows: WindowResult[] = [];
  for (let number = 0; number < recordingsAKind; number++) {
    const samples = make(new Random(seedOf(kind, number, true)), NEGATIVE_S);
    windows.push(...(await watch(samples, { model })).windows);
  }
  nothing.push({
    name,
    kind_was_fitted: !heldOut,
    windows: windows.length,
    published: share(windows, ({ strict }) => strict !== undefined),
    sure: share(windows, ({ strict, confidence = 0 }) => strict !== undefined && confidence >= 0.9),
  });
}
console.table(nothing);

await Deno.writeTextFile(
  MODEL,
  JSON.stringify(
    {
      what: "Probability that a pulse rate is within 3 beats/min of the truth: logistic regression",
      fitted_by: "scripts/fit_confidence.ts",
      fitted_on:
        `${recordings.length} recorded persons (11 of UBFC-rPPG, Bobbia 2019, with signals of ` +
        `iphys-toolbox; one of ppgdetector), ${cases} made-up faces of 30 s, and ` +
        `${recordingsAKind} recordings of each kind that has no pulse; windows that a veto ` +
        "withholds are left out",
      left_out: { recorded, made_up: madeUpReport, nothing_there: nothing },
      limits:
        "Few persons, adults at rest, one laboratory: other skins, lights and cameras may differ",
      pulse: model,
    },
    null,
    2,
  ) + "\n",
);
