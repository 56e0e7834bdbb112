import { WITHHELD_REASONS } from "../vitals/withheld.ts";
import type { CodeableConcept, Coding, Quantity } from "./resources.ts";

const LOINC = "http://loinc.org";
/** Nomenclature of medical devices (ISO/IEEE 11073-10101). */
const MDC = "urn:iso:std:iso:11073:10101";
const UCUM = "http://unitsofmeasure.org";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
const DATA_ABSENT_REASON = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
const PROFILE = "http://hl7.org/fhir/StructureDefinition/";

/** Security label of resources that describe no person (HL7 v3 ActReason). */
export const TEST_DATA: Coding = {
  system: "http://terminology.hl7.org/CodeSystem/v3-ActReason",
  code: "HTEST",
  display: "test health data",
};

/** A unit of UCUM and its name for people. */
export interface Unit {
  readonly unit: string;
  readonly code: string;
}

/** What the resources of one kind of measurement have in common. */
export interface MeasurementKind {
  /** Part of the identifiers; never changes. */
  readonly name: string;
  /** The R4 profile that the Observation conforms to. */
  readonly profile?: string;
  readonly category: CodeableConcept;
  readonly code: CodeableConcept;
  readonly unit: Unit;
  /** How it is measured. */
  readonly method: string;
  /** What `confidence` is the probability of. */
  readonly confidence?: string;
}

const PER_MINUTE = "/min";
const MILLISECONDS: Unit = { unit: "ms", code: "ms" };
const VITAL_SIGNS = category("vital-signs", "Vital Signs");
const PROCEDURE = category("procedure", "Procedure");
const PULSE_METHOD = "Remote photoplethysmography of the face with a camera";
const BREATHING_METHOD = "Motion of the chest in the images of a camera";
const HRV_METHOD = `${PULSE_METHOD}; intervals between heartbeats over 30 to 60 s`;
const HRV_CONFIDENCE = "Probability that RMSSD is within 10 ms of that of a contact sensor";

/**
 * The measurements. LOINC codes are those of the R4 vital signs profiles; the MDC codes are
 * MDC_PULS_RATE_NON_INV (2::18474) and MDC_RESP_RATE (2::20490). LOINC has SDNN, and not RMSSD.
 */
export const KINDS = {
  pulse: {
    name: "pulse",
    profile: `${PROFILE}heartrate`,
    category: VITAL_SIGNS,
    code: {
      coding: [
        { system: LOINC, code: "8867-4", display: "Heart rate" },
        { system: MDC, code: "149546", display: "MDC_PULS_RATE_NON_INV" },
      ],
      text: "Heart rate",
    },
    unit: { unit: "beats/min", code: PER_MINUTE },
    method: PULSE_METHOD,
    confidence: "Probability that the value is within 3 beats/min of the reference",
  },
  breathing: {
    name: "breathing",
    profile: `${PROFILE}resprate`,
    category: VITAL_SIGNS,
    code: {
      coding: [
        { system: LOINC, code: "9279-1", display: "Respiratory rate" },
        { system: MDC, code: "151562", display: "MDC_RESP_RATE" },
      ],
      text: "Respiratory rate",
    },
    unit: { unit: "breaths/min", code: PER_MINUTE },
    method: BREATHING_METHOD,
    confidence: "Probability that the value is within 2 breaths/min of the reference",
  },
  sdnn: {
    name: "sdnn",
    category: PROCEDURE,
    code: {
      coding: [{
        system: LOINC,
        code: "80404-7",
        display: "R-R interval.standard deviation (Heart rate variability)",
      }],
      text: "SDNN",
    },
    unit: MILLISECONDS,
    method: HRV_METHOD,
    confidence: HRV_CONFIDENCE,
  },
  rmssd: {
    name: "rmssd",
    category: PROCEDURE,
    code: { text: "RMSSD: root mean square of successive differences of heartbeat intervals" },
    unit: MILLISECONDS,
    method: HRV_METHOD,
    confidence: HRV_CONFIDENCE,
  },
  pulseWaveform: {
    name: "pulse_waveform",
    category: PROCEDURE,
    code: { text: "Blood volume pulse (photoplethysmogram); systole goes up" },
    unit: { unit: "arbitrary units", code: "[arb'U]" },
    method: PULSE_METHOD,
  },
  breathingWaveform: {
    name: "breathing_waveform",
    category: PROCEDURE,
    code: { text: "Position of the chest; inhaling goes up" },
    unit: { unit: "image heights", code: "1" },
    method: BREATHING_METHOD,
  },
} as const satisfies Readonly<Record<string, MeasurementKind>>;

/** Returns a quantity with a unit of UCUM. */
export function quantity(value: number, { unit, code }: Unit): Quantity {
  return { value, unit, system: UCUM, code };
}

/** Returns a unit of UCUM as a concept. */
export function unitConcept({ unit, code }: Unit): CodeableConcept {
  return { coding: [{ system: UCUM, code, display: unit }], text: unit };
}

const NOT_PERFORMED = ["not-performed", "Not Performed"] as const;
const TEMPORARILY_UNKNOWN = ["temp-unknown", "Temporarily Unknown"] as const;
const UNKNOWN = ["unknown", "Unknown"] as const;
const ERROR = ["error", "Error"] as const;

/** The FHIR code of each reason for withholding a value. */
const ABSENT: Readonly<Record<keyof typeof WITHHELD_REASONS, readonly [string, string]>> = {
  no_face: NOT_PERFORMED,
  warming_up: TEMPORARILY_UNKNOWN,
  low_quality: ERROR,
  motion: ERROR,
  flicker: ERROR,
  too_dark: ERROR,
  too_bright: ERROR,
  low_frame_rate: ERROR,
  no_chest: NOT_PERFORMED,
  irregular: UNKNOWN,
  face_changed: TEMPORARILY_UNKNOWN,
  frozen: ERROR,
  camera_disconnected: ERROR,
};

/** A reason for withholding a value that this version knows. */
export type KnownReason = keyof typeof ABSENT;

/** Returns true for a reason that this version knows. */
export function isKnownReason(reason: string): reason is KnownReason {
  return Object.hasOwn(ABSENT, reason);
}

/** Returns why there is no value; a reason of a newer device is `unknown`. */
export function dataAbsentReason(reason: KnownReason | undefined): CodeableConcept {
  const [code, display] = reason === undefined ? UNKNOWN : ABSENT[reason];
  return {
    coding: [{ system: DATA_ABSENT_REASON, code, display }],
    ...reason === undefined ? {} : { text: `${reason}: ${WITHHELD_REASONS[reason]}` },
  };
}

function category(code: string, display: string): CodeableConcept {
  return { coding: [{ system: CATEGORY, code, display }] };
}
