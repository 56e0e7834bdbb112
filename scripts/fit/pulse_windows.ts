import {
  PULSE_REFERENCE,
  type Reference,
  waveformReference,
} from "../../src/validation/reference.ts";
import { column, parseTable, timesOf } from "../../src/validation/table.ts";
import { traceSamples } from "../../src/validation/trace.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import { FEATURE_NAMES } from "../../src/vitals/pulse/confidence.ts";
import {
  MIN_NETWORK_WINDOW_S,
  type PulseAssessment,
  PulseEstimator,
} from "../../src/vitals/pulse/estimator.ts";
import type { RateNetwork } from "../../src/vitals/pulse/rate_network/rate_network.ts";
import type { LabeledWindow } from "./labeled_window.ts";
import { pulseModel } from "./pulse_model.ts";
import type { SyntheticFace } from "./synthetic_faces.ts";

/** Recordings are also cut into parts of this length, so that growing windows are fitted too. */
const PART_S = 12;
/** Largest error of a right rate, in beats/min. */
const TOLERANCE = 3;

/** The recording of one person. */
export interface Recording {
  readonly name: string;
  readonly reference: Reference;
  /** All signals of the recording, then each signal alone. */
  readonly variants: readonly (readonly RegionSample[])[];
}

/** Reads every trace (CSV) of a folder; its contact PPG is the reference. */
export function readRecordings(folder: string): Recording[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".csv")
  );
  return names.sort().map((name) => {
    const table = parseTable(Deno.readTextFileSync(`${folder}/${name}`), name);
    const ready = [...table.columns.keys()].filter((column) => column.endsWith("_e4"));
    const contact = table.columns.has("ref_ppg") ? "ref_ppg" : "finger_ppg";
    const selections = ready.length ? [ready, ...ready.map((one) => [one])] : [[]];
    return {
      name: name.replace(".csv", ""),
      reference: waveformReference(timesOf(table), column(table, contact), {
        band: PULSE_REFERENCE,
      }),
      variants: selections.map((signals) => [...traceSamples(table, { signals })]),
    };
  });
}

/** The windows of a recorded person. */
export function windowsOfRecording(
  { name, reference, variants }: Recording,
  network?: RateNetwork,
): LabeledWindow[] {
  return variants.flatMap((samples) =>
    [Infinity, PART_S].flatMap((partS) =>
      [...assess(samples, { partS, network })].flatMap((window): LabeledWindow[] => {
        const truth = reference.rateAt(window.timeUs / 1e6, window.seconds);
        return truth === undefined
          ? []
          : [{ group: name, kind: "recorded", ...label(window, truth) }];
      })
    )
  );
}

/** The windows of a synthetic face. */
export function windowsOfFace(
  { samples, beats }: SyntheticFace,
  group: string,
  network?: RateNetwork,
): LabeledWindow[] {
  if (!beats) return windowsWithoutPulse(samples, group, network);
  return [...assess(samples, { network })].map((window) => {
    const startUs = window.timeUs - window.seconds * 1e6;
    const start = samples.findIndex(({ timeUs }) => timeUs >= startUs);
    const minutes = (window.timeUs - samples[start]!.timeUs) / 60e6;
    const truth = (beats[window.index]! - beats[start]!) / minutes;
    return { group, kind: "synthetic", ...label(window, truth) };
  });
}

/** The windows of a recording without a pulse: no rate is right. */
export function windowsWithoutPulse(
  samples: readonly RegionSample[],
  group: string,
  network?: RateNetwork,
): LabeledWindow[] {
  return [...assess(samples, { network })].map((window) => ({
    group,
    kind: "no_pulse",
    ...label(window, undefined),
  }));
}

/** A model that is confident of every candidate, so that only the gate's other reasons apply. */
const ALWAYS_CONFIDENT = pulseModel([100, ...FEATURE_NAMES.map(() => 0)], () => [0, 0]);

interface AssessedWindow extends PulseAssessment {
  readonly rate: number;
  /** Index of the newest sample. */
  readonly index: number;
  /** Length of the window. */
  readonly seconds: number;
}

/** Assesses windows as in production, once per second; the estimator restarts after each part. */
function* assess(
  samples: readonly RegionSample[],
  { partS = Infinity, network }: { partS?: number; network?: RateNetwork | undefined },
): Generator<AssessedWindow> {
  const options = { model: ALWAYS_CONFIDENT, rateNetwork: network };
  let estimator = new PulseEstimator(options);
  let startUs = samples[0]!.timeUs;
  let assessedUs = -Infinity;
  for (const [index, sample] of samples.entries()) {
    if (sample.timeUs - startUs > partS * 1e6) {
      estimator = new PulseEstimator(options);
      startUs = sample.timeUs;
    }
    estimator.push(sample);
    estimator.estimate();
    const { assessment } = estimator;
    const isDue = assessment && assessment.timeUs - assessedUs > 0.9e6;
    if (!isDue || !assessment.features || assessment.rate === undefined) continue;
    assessedUs = assessment.timeUs;
    const seconds = Math.min(10, (sample.timeUs - startUs) / 1e6);
    if (network && seconds < MIN_NETWORK_WINDOW_S) continue;
    yield { ...assessment, rate: assessment.rate, index, seconds, timeUs: sample.timeUs };
  }
}

function label({ features, rate, withheld }: AssessedWindow, truth: number | undefined) {
  return {
    features: FEATURE_NAMES.map((name) => features![name]),
    right: truth !== undefined && Math.abs(rate - truth) <= TOLERANCE ? 1 as const : 0 as const,
    rejected: withheld !== undefined,
  };
}
