import {
  PULSE_REFERENCE,
  type Reference,
  waveformReference,
} from "../../src/validation/reference.ts";
import { column, parseTable, timesOf } from "../../src/validation/table.ts";
import { traceSamples } from "../../src/validation/trace.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import { FEATURE_NAMES } from "../../src/vitals/pulse/confidence.ts";
import { type Judgement, PulseEstimator } from "../../src/vitals/pulse/estimator.ts";
import { modelOf } from "./confidence_fit.ts";
import type { FaceCase } from "./pulse_cases.ts";

/** Recordings are also cut into pieces of this length, so that growing windows are learnt too. */
const PIECE_S = 12;
/** Within this of the truth a rate is right, in beats/min. */
const TOLERANCE = 3;

/** One window: what was seen, and whether the rate was right. */
export interface Row {
  /** Who or what was recorded: rows of one group are never split. */
  readonly group: string;
  readonly kind: "real" | "pulse" | "nothing";
  readonly features: readonly number[];
  readonly right: 0 | 1;
  /** True where a veto withholds it: it is reported, not fitted. */
  readonly vetoed: boolean;
}

/** One recorded person. */
export interface Recording {
  readonly name: string;
  readonly reference: Reference;
  /** All signals of the recording, and what is left when some are missing. */
  readonly variants: readonly (readonly RegionSample[])[];
}

/** Every trace of a folder, with its contact wave as the truth. */
export function readRecordings(folder: string): Recording[] {
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

export function rowsOfRecording({ name, reference, variants }: Recording): Row[] {
  return variants.flatMap((samples) =>
    [Infinity, PIECE_S].flatMap((pieceS) =>
      [...judgements(samples, pieceS)].flatMap((judged): Row[] => {
        const truth = reference.rateAt(judged.timeUs / 1e6, judged.seconds);
        return truth === undefined ? [] : [{ group: name, kind: "real", ...seen(judged, truth) }];
      })
    )
  );
}

export function rowsOfCase({ kind, samples, beats }: FaceCase, group: string): Row[] {
  return [...judgements(samples, Infinity)].map((judged) => {
    if (!beats) return { group, kind, ...seen(judged, undefined) };
    const fromUs = judged.timeUs - judged.seconds * 1e6;
    const from = samples.findIndex(({ timeUs }) => timeUs >= fromUs);
    const minutes = (judged.timeUs - samples[from]!.timeUs) / 60e6;
    return { group, kind, ...seen(judged, (beats[judged.index]! - beats[from]!) / minutes) };
  });
}

/** Windows in which there is no pulse, so that any rate is wrong. */
export function rowsOfNothing(samples: readonly RegionSample[], group: string): Row[] {
  return [...judgements(samples, Infinity)].map((judged) => ({
    group,
    kind: "nothing",
    ...seen(judged, undefined),
  }));
}

/** Shows every candidate, so that vetoes speak too. */
const SHOW_ALL = modelOf([100, ...FEATURE_NAMES.map(() => 0)], () => [0, 0]);

interface Judged extends Judgement {
  readonly rate: number;
  /** Of the newest sample. */
  readonly index: number;
  /** Length of the window. */
  readonly seconds: number;
}

/** Judges samples as service does, once a second, starting anew after each piece. */
function* judgements(samples: readonly RegionSample[], pieceS: number): Generator<Judged> {
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
    yield { ...judgement, rate: judgement.rate, index, seconds, timeUs: sample.timeUs };
  }
}

function seen({ features, rate, withheld }: Judged, truth: number | undefined) {
  return {
    features: FEATURE_NAMES.map((name) => features![name]),
    right: truth !== undefined && Math.abs(rate - truth) <= TOLERANCE ? 1 as const : 0 as const,
    vetoed: withheld !== undefined,
  };
}
