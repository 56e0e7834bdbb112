import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type {
  CoreMetricsPayload,
  Detection,
  EdgeMetricsPayload,
  EpochUs,
  Measurement,
  RateMeasurement,
  StatusPayload,
} from "../../envelopes/envelope.ts";
import {
  type DetectionStatusSchema,
  type MeasurementSchema,
  type MeasurementWithConfidenceSchema,
  type Metrics,
  type MetricsBuffer,
  MetricsBufferSchema,
  MetricsSchema,
  type StatusValue,
  StatusValueSchema,
} from "./gen/metrics_pb.ts";

/**
 * Turns payloads into the messages of metrics.proto. What is absent in a payload is absent in the
 * message; `time` counts seconds from the first timestamp that passed here.
 */
export class Converter {
  #startUs: EpochUs | undefined;

  coreMetrics(
    { timestamp, payload }: { readonly timestamp: EpochUs; readonly payload: CoreMetricsPayload },
  ): MetricsBuffer {
    this.#startUs ??= timestamp;
    const { pulse, breathing, blood_pressure: pressure, metadata, withheld } = payload;
    return create(MetricsBufferSchema, {
      ...(pulse && {
        pulse: {
          rate: this.#rates(pulse.rate),
          trace: this.#samples(pulse.trace),
          pulseRespirationQuotient: this.#samples(pulse.pulse_respiration_quotient),
          ...(pulse.strict && { strict: pulse.strict }),
          ...(pulse.hrv && { hrv: { ...pulse.hrv, meanNn: pulse.hrv.mean_nn } }),
        },
      }),
      ...(breathing && {
        breathing: {
          rate: this.#rates(breathing.rate),
          upperTrace: this.#samples(breathing.upper_trace),
          amplitude: this.#samples(breathing.amplitude),
          apnea: this.#detections(breathing.apnea),
          respiratoryLineLength: this.#samples(breathing.respiratory_line_length),
          baseline: this.#samples(breathing.baseline),
          inhaleExhaleRatio: this.#samples(breathing.inhale_exhale_ratio),
          ...(breathing.strict && { strict: breathing.strict }),
        },
      }),
      ...(pressure && { bloodPressure: { phasic: this.#samples(pressure.phasic) } }),
      ...(withheld && { withheld }),
      metadata: {
        id: `${metadata.boot_id}-${metadata.sequence}`,
        sentAtS: this.#seconds(timestamp),
        frameTimestamp: BigInt(metadata.frame_timestamp),
        frameCount: metadata.frame_count,
        sequence: BigInt(metadata.sequence),
        bootId: metadata.boot_id,
        latencyMs: metadata.latency_ms,
      },
    });
  }

  edgeMetrics(
    { timestamp, payload }: { readonly timestamp: EpochUs; readonly payload: EdgeMetricsPayload },
  ): Metrics {
    this.#startUs ??= timestamp;
    const { breathing, face, signal, eda } = payload;
    const { snr_db: snrDb, saturated_fraction: saturatedFraction, brightness, fps } = signal;
    return create(MetricsSchema, {
      ...(breathing && { breathing: { upperTrace: this.#samples(breathing.upper_trace) } }),
      ...(eda && { eda: { trace: this.#samples(eda) } }),
      ...(face && {
        face: {
          box: face.box,
          blinking: this.#detections(face.blinking),
          talking: this.#detections(face.talking),
          landmarks: face.landmarks.map((points) => ({
            time: this.#seconds(points.timestamp),
            value: [...points.value],
            stable: points.stable,
            reset: points.reset,
            timestamp: BigInt(points.timestamp),
          })),
        },
      }),
      signal: { brightness, saturatedFraction, fps, ...(snrDb !== undefined && { snrDb }) },
      timestamp: BigInt(timestamp),
    });
  }

  status(
    { timestamp, payload }: { readonly timestamp: EpochUs; readonly payload: StatusPayload },
  ): StatusValue {
    const { code, message, hint } = payload;
    return create(StatusValueSchema, { value: code, timestamp: BigInt(timestamp), message, hint });
  }

  #seconds(timestamp: EpochUs): number {
    return (timestamp - (this.#startUs ?? timestamp)) / 1e6;
  }

  #samples(samples: readonly Measurement[] = []): MessageInitShape<typeof MeasurementSchema>[] {
    return samples.map(({ value, timestamp, stable = true }) => ({
      time: this.#seconds(timestamp),
      value,
      stable,
      timestamp: BigInt(timestamp),
    }));
  }

  #rates(
    rates: readonly RateMeasurement[] = [],
  ): MessageInitShape<typeof MeasurementWithConfidenceSchema>[] {
    return rates.map((rate) => ({
      ...rate,
      time: this.#seconds(rate.timestamp),
      timestamp: BigInt(rate.timestamp),
    }));
  }

  #detections(
    detections: readonly Detection[] = [],
  ): MessageInitShape<typeof DetectionStatusSchema>[] {
    return detections.map((detection) => ({
      ...detection,
      time: this.#seconds(detection.timestamp),
      timestamp: BigInt(detection.timestamp),
    }));
  }
}
