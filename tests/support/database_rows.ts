import type { Measurement, Row } from "../../src/database/tables.ts";
import { FAKE_START_US } from "./fake_stream.ts";

/** A measurement without values but its key. */
const EMPTY: Measurement = {
  device: "ward",
  time: FAKE_START_US,
  boot_id: "boot",
  sequence: 0,
  session_id: null,
  subject: null,
  pulse: null,
  pulse_confidence: null,
  pulse_withheld: null,
  breathing: null,
  breathing_confidence: null,
  breathing_withheld: null,
  apnea: null,
  hrv_rmssd_ms: null,
  hrv_sdnn_ms: null,
  hrv_mean_nn_ms: null,
  hrv_confidence: null,
  latency_ms: null,
};

/** Returns a measurement with these values. */
export function measurement(values: Partial<Measurement>): Measurement {
  return { ...EMPTY, ...values };
}

/** Returns the row of the measurement with this sequence, 0.2 s after the one before. */
export function measurementRow(sequence: number, values: Partial<Measurement> = {}): Row {
  const time = FAKE_START_US + sequence * 200_000;
  return { table: "measurements", values: measurement({ sequence, time, ...values }) };
}
