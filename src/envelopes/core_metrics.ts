import type {
  BreathingEstimate,
  PulseEstimate,
  Strict,
  VitalsEstimate,
} from "../vitals/estimate.ts";
import type { CoreMetricsPayload, StrictValue } from "./envelope.ts";
import {
  detections,
  measurements,
  present,
  rates,
  rounded,
  roundedConfidence,
  roundedRate,
  type ToEpoch,
} from "./series.ts";

/** What a message says of itself. */
export interface MessageIdentity {
  /** Counts the messages of its type since the start. */
  readonly sequence: number;
  /** Names this run of the program. */
  readonly bootId: string;
}

/**
 * The core metrics of one estimate. What was not measured is no key: neither 0, null nor an
 * empty list.
 */
export function coreMetricsPayload(
  estimate: VitalsEstimate,
  { toEpoch, nowUs, sequence, bootId }: MessageIdentity & {
    readonly toEpoch: ToEpoch;
    /** The moment of publication, monotonic microseconds. */
    readonly nowUs: number;
  },
): CoreMetricsPayload {
  const phasic = measurements(estimate.phasicPressure ?? [], toEpoch);
  return present<CoreMetricsPayload>({
    pulse: pulseOf(estimate.pulse, toEpoch),
    breathing: breathingOf(estimate.breathing, toEpoch),
    withheld: present<NonNullable<CoreMetricsPayload["withheld"]>>({
      pulse: estimate.pulse.withheld,
      breathing: estimate.breathing.withheld,
    }),
    blood_pressure: phasic && { phasic },
    metadata: {
      sequence,
      boot_id: bootId,
      frame_timestamp: toEpoch(estimate.timeUs),
      frame_count: estimate.frameCount,
      latency_ms: rounded(Math.max(0, nowUs - estimate.timeUs) / 1000, 2),
    },
  })!;
}

function pulseOf(pulse: PulseEstimate, toEpoch: ToEpoch): CoreMetricsPayload["pulse"] {
  const { hrv } = pulse;
  return present<NonNullable<CoreMetricsPayload["pulse"]>>({
    strict: strictOf(pulse.strict),
    rate: rates(pulse.rate, toEpoch),
    trace: measurements(pulse.trace, toEpoch),
    hrv: hrv && {
      rmssd: rounded(hrv.rmssd, 1),
      sdnn: rounded(hrv.sdnn, 1),
      mean_nn: rounded(hrv.meanNn, 1),
      confidence: roundedConfidence(hrv.confidence),
    },
    pulse_respiration_quotient: measurements(pulse.respirationQuotient, toEpoch),
  });
}

function breathingOf(
  breathing: BreathingEstimate,
  toEpoch: ToEpoch,
): CoreMetricsPayload["breathing"] {
  return present<NonNullable<CoreMetricsPayload["breathing"]>>({
    strict: strictOf(breathing.strict),
    rate: rates(breathing.rate, toEpoch),
    upper_trace: measurements(breathing.upperTrace, toEpoch),
    amplitude: measurements(breathing.amplitude, toEpoch),
    apnea: detections(breathing.apnea, toEpoch),
    respiratory_line_length: measurements(breathing.respiratoryLineLength, toEpoch),
    baseline: measurements(breathing.baseline, toEpoch),
    inhale_exhale_ratio: measurements(breathing.inhaleExhaleRatio, toEpoch),
  });
}

function strictOf(strict: Strict | undefined): StrictValue | undefined {
  return strict && {
    value: roundedRate(strict.value),
    confidence: roundedConfidence(strict.confidence),
  };
}
