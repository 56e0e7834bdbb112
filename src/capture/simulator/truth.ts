import { Physiology, type PhysiologyOptions, type PhysiologyState } from "./physiology.ts";

/** Ground truth of one frame, with the events since the previous frame. */
export interface TruthSample extends PhysiologyState {
  /** Onsets of the beats since the previous frame, in seconds. */
  readonly beatsS: readonly number[];
  /** Onsets of the breaths since the previous frame, in seconds. */
  readonly breathsS: readonly number[];
}

/** Ground truth as waveforms; all arrays except `beatsS` and `breathsS` have the same length. */
export interface TruthWaveforms {
  readonly timeS: Float64Array<ArrayBuffer>;
  readonly bvp: Float64Array<ArrayBuffer>;
  readonly breath: Float64Array<ArrayBuffer>;
  readonly pulseRate: Float64Array<ArrayBuffer>;
  readonly breathRate: Float64Array<ArrayBuffer>;
  readonly beatsS: readonly number[];
  readonly breathsS: readonly number[];
}

/** Advances to `timeS` and returns the ground truth there. */
export function advanceTruth(physiology: Physiology, timeS: number): TruthSample {
  const state = physiology.advanceTo(timeS);
  return { ...state, beatsS: physiology.takeBeats(), breathsS: physiology.takeBreaths() };
}

/**
 * Returns the ground truth of a simulated camera with the same rates and seed, without rendering.
 *
 * @example
 * ```ts
 * const { timeS, bvp, beatsS } = simulateTruth({ pulse: "60,100@30", durationS: 60, fps: 30 });
 * ```
 */
export function simulateTruth(
  { durationS, fps = 30, ...options }: PhysiologyOptions & {
    readonly durationS: number;
    /** Samples per second. @default 30 */
    readonly fps?: number;
  },
): TruthWaveforms {
  const physiology = new Physiology(options);
  const samples = Array.from(
    { length: Math.round(durationS * fps) },
    (_, i) => advanceTruth(physiology, i / fps),
  );
  return {
    timeS: Float64Array.from(samples, ({ timeS }) => timeS),
    bvp: Float64Array.from(samples, ({ bvp }) => bvp),
    breath: Float64Array.from(samples, ({ breath }) => breath),
    pulseRate: Float64Array.from(samples, ({ pulseRate }) => pulseRate),
    breathRate: Float64Array.from(samples, ({ breathRate }) => breathRate),
    beatsS: samples.flatMap(({ beatsS }) => beatsS),
    breathsS: samples.flatMap(({ breathsS }) => breathsS),
  };
}

/**
 * Header of a ground truth CSV file. `beat_s` and `breath_start_s` are the onset of the newest beat
 * or breath since the previous row, or empty.
 */
export const TRUTH_HEADER =
  "t_s,pulse_phase,bvp,pulse_rate,breath,breath_rate,beat_s,breath_start_s\n";

/** Header of a file whose rows end with a timestamp in microseconds since the Unix epoch. */
export const STAMPED_TRUTH_HEADER = TRUTH_HEADER.replace("\n", ",timestamp\n");

/** Formats one row of a ground truth file, with its newline. */
export function truthRow(sample: TruthSample, timestamp?: number): string {
  const { timeS, pulsePhase, bvp, pulseRate, breath, breathRate, beatsS, breathsS } = sample;
  const last = (times: readonly number[]) => times.at(-1)?.toFixed(4) ?? "";
  return [
    timeS.toFixed(6),
    pulsePhase.toFixed(4),
    bvp.toFixed(5),
    pulseRate.toFixed(3),
    breath.toFixed(5),
    breathRate.toFixed(3),
    last(beatsS),
    last(breathsS),
    ...(timestamp === undefined ? [] : [timestamp]),
  ].join(",") + "\n";
}
