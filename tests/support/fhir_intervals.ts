import type { ReceivedEnvelope } from "../../src/envelopes/received.ts";
import { Interval, type IntervalSummary } from "../../src/fhir/interval.ts";
import type { MappingOptions } from "../../src/fhir/observations.ts";

/** 2026-01-01T00:00:00Z in microseconds since the Unix epoch. */
export const START_US = 1_767_225_600_000_000;

/** Options without a site and patients. */
export const MAPPING: MappingOptions = {
  site: "",
  patientOf: () => undefined,
  profiles: true,
  withheld: true,
};

/** A payload with a trusted pulse and breathing. */
export function trusted(pulse = 72.5, breathing = 16.2): Readonly<Record<string, unknown>> {
  return {
    pulse: { strict: { value: pulse, confidence: 0.95, window_s: 10 } },
    breathing: { strict: { value: breathing, confidence: 0.89, window_s: 20 } },
  };
}

/** Returns an envelope of core metrics at a time in seconds after `START_US`. */
export function coreMetrics(
  atS: number,
  payload: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>> = { boot_id: "boot", subject: 1 },
): ReceivedEnvelope {
  const timestamp = START_US + Math.round(atS * 1e6);
  return { type: "core_metrics", timestamp, payload: { ...payload, metadata } };
}

/** Returns the summary of envelopes, as those of the device `ward-3` in one interval. */
export function summaryOf(
  envelopes: readonly ReceivedEnvelope[],
  { waveforms = false } = {},
): IntervalSummary {
  const interval = new Interval({ device: "ward-3", bootId: "boot", startUs: START_US }, {
    waveforms,
  });
  for (const envelope of envelopes) interval.add(envelope);
  return interval.summary();
}
