import { type ReceivedEnvelope, recordOf } from "../envelopes/received.ts";
import { GriddedSignal } from "./gridded_signal.ts";

/** Samples whose distances determine the rate of the waveforms. Chosen. */
const RATE_SAMPLES = 300;
const DEFAULT_RATE_HZ = 30;
const MAX_RATE_HZ = 240;
/** Seconds of a session that are kept: four days. */
const MAX_SECONDS = 4 * 86_400;

/** A vital sign in each second: the last value that was trusted, or NaN. */
export interface SecondValues {
  readonly value: Float32Array;
  readonly confidence: Float32Array;
}

/** The signals of a session on common grids, which begin at `startUs`. */
export interface SessionSignals {
  /** Time of the first message, in microseconds since the Unix epoch. */
  readonly startUs: number;
  readonly waveforms: {
    /** An integer. */
    readonly rateHz: number;
    /** Blood volume pulse and position of the chest; NaN in gaps. Both have the same length. */
    readonly pulse: Float32Array;
    readonly breathing: Float32Array;
  };
  /** All have the same length. */
  readonly seconds: { readonly pulse: SecondValues; readonly breathing: SecondValues };
}

/** The waveforms of core metrics. */
export const TRACES = { pulse: "trace", breathing: "upper_trace" } as const;
export type Vital = keyof typeof TRACES;
export const VITALS = ["pulse", "breathing"] as const satisfies readonly Vital[];

/** The common grid of the waveforms of a session. */
export interface SessionGrid {
  /** Time of the first core metrics, in microseconds since the Unix epoch. */
  readonly startUs: number;
  /** Time of the first message that was read, in microseconds since the Unix epoch. */
  readonly firstUs: number;
  /** An integer. */
  readonly rateHz: number;
}

/** Reads the signals of a session; returns undefined if it has no core metrics. */
export function* readSignals(
  envelopes: () => Generator<ReceivedEnvelope | undefined, void, void>,
): Generator<void, SessionSignals | undefined, void> {
  const grid = yield* gridOf(envelopes());
  if (!grid) return undefined;
  const { startUs } = grid;
  const traces = { pulse: new GriddedSignal(grid), breathing: new GriddedSignal(grid) };
  const values = { pulse: new SecondSeries(startUs), breathing: new SecondSeries(startUs) };
  for (const envelope of envelopes()) {
    yield;
    if (envelope?.type !== "core_metrics") continue;
    for (const vital of VITALS) {
      const { strict, [TRACES[vital]]: trace } = recordOf(envelope.payload[vital]);
      values[vital].add(envelope.timestamp, recordOf(strict));
      for (const [timeUs, value] of samplesOf(trace)) traces[vital].add(timeUs, value);
    }
  }
  const [pulse, breathing] = ofEqualLength(VITALS.map((vital) => traces[vital].finish()));
  const seconds = Math.max(...VITALS.map((vital) => values[vital].length));
  return {
    startUs,
    waveforms: { rateHz: grid.rateHz, pulse: pulse!, breathing: breathing! },
    seconds: {
      pulse: values.pulse.finish(seconds),
      breathing: values.breathing.finish(seconds),
    },
  };
}

/**
 * Reads envelopes until the rate of the waveforms is known, which is rounded to an integer; returns
 * undefined if there are no core metrics.
 */
export function* gridOf(
  envelopes: Iterable<ReceivedEnvelope | undefined>,
): Generator<void, SessionGrid | undefined, void> {
  let startUs: number | undefined;
  let firstUs = Infinity;
  const times: number[] = [];
  for (const envelope of envelopes) {
    yield;
    firstUs = Math.min(firstUs, envelope?.timestamp ?? Infinity);
    if (envelope?.type !== "core_metrics") continue;
    startUs ??= envelope.timestamp;
    times.push(
      ...samplesOf(recordOf(envelope.payload["pulse"])["trace"]).map(([timeUs]) => timeUs),
    );
    if (times.length > RATE_SAMPLES) break;
  }
  if (startUs === undefined) return undefined;
  times.sort((a, b) => a - b);
  const distances = times.slice(1).map((time, k) => time - times[k]!).filter((us) => us > 0)
    .sort((a, b) => a - b);
  const medianUs = distances[distances.length >> 1] ?? 1e6 / DEFAULT_RATE_HZ;
  const rateHz = Math.min(MAX_RATE_HZ, Math.max(1, Math.round(1e6 / medianUs)));
  return { startUs, firstUs, rateHz };
}

/** The last trusted value of each second. */
class SecondSeries {
  readonly #startUs: number;
  readonly #values: { readonly value: number; readonly confidence: number }[] = [];

  constructor(startUs: number) {
    this.#startUs = startUs;
  }

  get length(): number {
    return this.#values.length;
  }

  add(timestamp: number, { value, confidence }: Readonly<Record<string, unknown>>): void {
    const second = Math.floor((timestamp - this.#startUs) / 1e6);
    if (second < 0 || second >= MAX_SECONDS) return;
    while (this.#values.length <= second) this.#values.push({ value: NaN, confidence: NaN });
    if (!isFiniteNumber(value)) return;
    this.#values[second] = { value, confidence: isFiniteNumber(confidence) ? confidence : NaN };
  }

  finish(length: number): SecondValues {
    const column = (name: "value" | "confidence") =>
      Float32Array.from({ length }, (_, k) => this.#values[k]?.[name] ?? NaN);
    return { value: column("value"), confidence: column("confidence") };
  }
}

function ofEqualLength(signals: readonly Float32Array[]): Float32Array[] {
  const length = Math.max(...signals.map((signal) => signal.length));
  return signals.map((signal) => {
    const padded = new Float32Array(length).fill(NaN);
    padded.set(signal);
    return padded;
  });
}

/** Returns the valid samples of a trace. */
export function samplesOf(trace: unknown): (readonly [timeUs: number, value: number])[] {
  if (!Array.isArray(trace)) return [];
  return trace.flatMap((sample) => {
    const { timestamp, value } = recordOf(sample);
    return isFiniteNumber(timestamp) && isFiniteNumber(value) ? [[timestamp, value] as const] : [];
  });
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
