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
  type ToWall,
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
  { toWall, nowUs, sequence, bootId }: MessageIdentity & {
    readonly toWall: ToWall;
    /** The moment of publication, monotonic microseconds. */
    readonly nowUs: number;
  },
): CoreMetricsPayload {
  const phasic = measurements(estimate.phasicPressure ?? [], toWall);
  return present<CoreMetricsPayload>({
    pulse: pulseOf(estimate.pulse, toWall),
    breathing: breathingOf(estimate.breathing, toWall),
    withheld: present<NonNullable<CoreMetricsPayload["withheld"]>>({
      pulse: estimate.pulse.withheld,
      breathing: estimate.breathing.withheld,
    }),
    blood_pressure: phasic && { phasic },
    metadata: {
      sequence,
      boot_id: bootId,
      frame_timestamp: toWall(estimate.timeUs),
      frame_count: estimate.frameCount,
      latency_ms: rounded(Math.max(0, nowUs - estimate.timeUs) / 1000, 2),
    },
  })!;
}

function pulseOf(pulse: PulseEstimate, toWall: ToWall): CoreMetricsPayload["pulse"] {
  const { hrv } = pulse;
  return present<NonNullable<CoreMetricsPayload["pulse"]>>({
    strict: strictOf(pulse.strict),
    rate: rates(pulse.rate, toWall),
    trace: measurements(pulse.trace, toWall),
    hrv: hrv && {
      rmssd: rounded(hrv.rmssd, 1),
      sdnn: rounded(hrv.sdnn, 1),
      mean_nn: rounded(hrv.meanNn, 1),
      confidence: roundedConfidence(hrv.confidence),
    },
    pulse_respiration_quotient: measurements(pulse.respirationQuotient, toWall),
  });
}

function breathingOf(
  breathing: BreathingEstimate,
  toWall: ToWall,
): CoreMetricsPayload["breathing"] {
  return present<NonNullable<CoreMetricsPayload["breathing"]>>({
    strict: strictOf(breathing.strict),
    rate: rates(breathing.rate, toWall),
    upper_trace: measurements(breathing.upperTrace, toWall),
    amplitude: measurements(breathing.amplitude, toWall),
    apnea: detections(breathing.apnea, toWall),
    respiratory_line_length: measurements(breathing.respiratoryLineLength, toWall),
    baseline: measurements(breathing.baseline, toWall),
    inhale_exhale_ratio: measurements(breathing.inhaleExhaleRatio, toWall),
  });
}

function strictOf(strict: Strict | undefined): StrictValue | undefined {
  return strict && {
    value: roundedRate(strict.value),
    confidence: roundedConfidence(strict.confidence),
  };
}
