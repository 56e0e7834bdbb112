import { Physiology, type PhysiologyOptions, type PhysiologyState } from "./physiology.ts";

/** The truth of one frame, and what happened since the frame before. */
export interface TruthSample extends PhysiologyState {
  /** Onsets of beats since the frame before, in seconds. */
  readonly beatsS: readonly number[];
  /** Beginnings of breaths since the frame before, in seconds. */
  readonly breathsS: readonly number[];
}

/** Truth without pictures: arrays of one length, but for `beatsS` and `breathsS`. */
export interface TruthWaveforms {
  readonly timeS: Float64Array<ArrayBuffer>;
  readonly bvp: Float64Array<ArrayBuffer>;
  readonly breath: Float64Array<ArrayBuffer>;
  readonly pulseRate: Float64Array<ArrayBuffer>;
  readonly breathRate: Float64Array<ArrayBuffer>;
  readonly beatsS: readonly number[];
  readonly breathsS: readonly number[];
}

/** The truth of the next frame, with the beats and breaths that led to it. */
export function truthAt(physiology: Physiology, timeS: number): TruthSample {
  const state = physiology.advanceTo(timeS);
  return { ...state, beatsS: physiology.takeBeats(), breathsS: physiology.takeBreaths() };
}

/**
 * What a simulated camera with the same rates and seed would show, without its pictures.
 *
 * @example
 * ```ts
 * const { timeS, bvp, beatsS } = simulateTruth({ pulse: "60,100@30", durationS: 60, fps: 30 });
 * ```
 */
export function simulateTruth(
  { durationS, fps = 30, ...options }: PhysiologyOptions & {
    readonly durationS: number;
    /** Samples a second. @default 30 */
    readonly fps?: number;
  },
): TruthWaveforms {
  const physiology = new Physiology(options);
  const samples = Array.from(
    { length: Math.round(durationS * fps) },
    (_, i) => truthAt(physiology, i / fps),
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
 * The first line of a truth file. `beat_s` is the onset of a beat since the row before, or empty;
 * `breath_start_s` likewise.
 */
export const TRUTH_HEADER =
  "t_s,pulse_phase,bvp,pulse_rate,breath,breath_rate,beat_s,breath_start_s\n";

/** The same, where each row ends in microseconds since the Unix epoch. */
export const STAMPED_TRUTH_HEADER = TRUTH_HEADER.replace("\n", ",timestamp\n");

/** One row of a truth file, with its newline. */
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
