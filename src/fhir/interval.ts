import { isRecord, metadataOf, type ReceivedEnvelope, recordOf } from "../envelopes/received.ts";
import { isKnownReason, type KnownReason } from "./codes.ts";
import type { Samples } from "./sampled_data.ts";

/** The values for a person that a message has. */
const VITALS = ["pulse", "breathing"] as const;
type Vital = typeof VITALS[number];

/** Limits of what an untrusted publisher can have collected in one interval. */
const MAX_VALUES = 40_000;
const MAX_SAMPLES = 432_000;
/** Largest size of a value; larger ones are not written without an exponent. Chosen. */
const MAX_VALUE = 1e6;

/** A trusted value. */
export interface Measurement {
  readonly value: number;
  readonly confidence: number | undefined;
  /** The value stands for the time from here, if that is known, */
  readonly startUs: number | undefined;
  /** to here, in microseconds since the Unix epoch. */
  readonly endUs: number;
}

/** What is written about one vital sign: a value, or the reason for its absence. */
export type VitalSummary =
  | { readonly measurement: Measurement }
  | { readonly withheld: KnownReason | undefined };

/** What is written about one interval of a device. */
export interface IntervalSummary {
  /** Key prefix of the device. */
  readonly device: string;
  /** The start of the server that measured. */
  readonly bootId: string;
  readonly startUs: number;
  /** Time of the newest message. */
  readonly endUs: number;
  /** Whether values are those of a simulated camera, which describe no person. */
  readonly isSimulated: boolean;
  /** Absent if no message has either a value or a reason. */
  readonly pulse?: VitalSummary;
  readonly breathing?: VitalSummary;
  readonly sdnn?: Measurement;
  readonly rmssd?: Measurement;
  /** Empty unless waveforms are collected. */
  readonly traces: { readonly pulse: Samples; readonly breathing: Samples };
}

interface TrustedValue extends Measurement {
  readonly person: unknown;
}

/** The start of an interval, and who measured in it. */
export interface IntervalKey {
  readonly device: string;
  readonly bootId: string;
  readonly startUs: number;
}

/** Collects the core metrics of one interval of a device. The order of the messages is irrelevant. */
export class Interval {
  readonly #key: IntervalKey;
  readonly #hasWaveforms: boolean;
  #endUs: number;
  #isSimulated = false;
  /** By timestamp, so that a message counts once however often it is delivered. */
  readonly #values = {
    pulse: new Map<number, TrustedValue>(),
    breathing: new Map<number, TrustedValue>(),
  };
  readonly #reasons = { pulse: new Map<number, string>(), breathing: new Map<number, string>() };
  readonly #traces = { pulse: new Map<number, number>(), breathing: new Map<number, number>() };
  #hrv:
    | { readonly timestamp: number; readonly values: Readonly<Record<string, unknown>> }
    | undefined;

  constructor(key: IntervalKey, { waveforms }: { readonly waveforms: boolean }) {
    this.#key = key;
    this.#hasWaveforms = waveforms;
    this.#endUs = key.startUs;
  }

  /** Adds an envelope of core metrics. */
  add(envelope: ReceivedEnvelope): void {
    const { timestamp, payload } = envelope;
    this.#endUs = Math.max(this.#endUs, timestamp);
    const { subject: person, simulated } = metadataOf(envelope);
    if (simulated === true) this.#isSimulated = true;
    for (const vital of VITALS) {
      const group = recordOf(payload[vital]);
      const measurement = measurementOf(recordOf(group["strict"]), timestamp);
      const reason = recordOf(payload["withheld"])[vital];
      if (measurement) setBounded(this.#values[vital], timestamp, { ...measurement, person });
      else if (typeof reason === "string") setBounded(this.#reasons[vital], timestamp, reason);
      if (!this.#hasWaveforms) continue;
      this.#addTrace(this.#traces[vital], group[vital === "pulse" ? "trace" : "upper_trace"]);
    }
    const hrv = recordOf(payload["pulse"])["hrv"];
    if (isRecord(hrv) && timestamp > (this.#hrv?.timestamp ?? -Infinity)) {
      this.#hrv = { timestamp, values: hrv };
    }
  }

  /**
   * Returns what is written. Of the trusted values, that is the measurement whose value is the median
   * (the lower of the two middle ones), with its own window and confidence; of the newest person
   * only, as a person never inherits the value of another.
   */
  summary(): IntervalSummary {
    const [pulse, breathing] = VITALS.map((vital) => this.#summaryOf(vital));
    const [sdnn, rmssd] = ["sdnn", "rmssd"].map((name) => this.#variability(name));
    return {
      ...this.#key,
      endUs: this.#endUs,
      isSimulated: this.#isSimulated,
      ...pulse && { pulse },
      ...breathing && { breathing },
      ...sdnn && { sdnn },
      ...rmssd && { rmssd },
      traces: this.#traces,
    };
  }

  #summaryOf(vital: Vital): VitalSummary | undefined {
    const values = [...this.#values[vital].values()].sort((a, b) => a.endUs - b.endUs);
    const newest = values.at(-1);
    if (newest) {
      const own = values.filter(({ person }) => person === newest.person);
      own.sort((a, b) => a.value - b.value || a.endUs - b.endUs);
      const { person: _person, ...measurement } = own[(own.length - 1) >> 1]!;
      return { measurement };
    }
    const reason = mostFrequent([...this.#reasons[vital].values()].sort());
    if (reason === undefined) return undefined;
    return { withheld: isKnownReason(reason) ? reason : undefined };
  }

  #variability(name: string): Measurement | undefined {
    const value = numberIn(this.#hrv?.values[name], [0, MAX_VALUE]);
    if (!this.#hrv || value === undefined) return undefined;
    const confidence = numberIn(this.#hrv.values["confidence"], [0, 1]);
    return { value, confidence, startUs: undefined, endUs: this.#hrv.timestamp };
  }

  #addTrace(trace: Map<number, number>, samples: unknown): void {
    if (!Array.isArray(samples)) return;
    for (const sample of samples) {
      const { value, timestamp } = recordOf(sample);
      const [number, time] = [numberIn(value, [-MAX_VALUE, MAX_VALUE]), numberIn(timestamp, TIMES)];
      if (number === undefined || time === undefined) continue;
      setBounded(trace, time, number, MAX_SAMPLES);
    }
  }
}

/** Microseconds since the Unix epoch that a date of JavaScript can represent exactly. */
const TIMES = [0, Number.MAX_SAFE_INTEGER] as const;
const MAX_WINDOW_S = 3600;

function measurementOf(
  strict: Readonly<Record<string, unknown>>,
  timestamp: number,
): Measurement | undefined {
  const value = numberIn(strict["value"], [0, MAX_VALUE]);
  if (value === undefined) return undefined;
  const windowS = numberIn(strict["window_s"], [0, MAX_WINDOW_S]);
  return {
    value,
    confidence: numberIn(strict["confidence"], [0, 1]),
    startUs: windowS === undefined ? undefined : timestamp - windowS * 1e6,
    endUs: timestamp,
  };
}

/** Returns the most frequent text of a sorted list; of several, the first. */
function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0];
}

function setBounded<Value>(
  map: Map<number, Value>,
  key: number,
  value: Value,
  limit = MAX_VALUES,
): void {
  if (map.size < limit || map.has(key)) map.set(key, value);
}

function numberIn(value: unknown, [min, max]: readonly [number, number]): number | undefined {
  return typeof value === "number" && value >= min && value <= max ? value : undefined;
}
