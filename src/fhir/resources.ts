/**
 * The parts of FHIR R4 (4.0.1) that are written. `tests/unit/fhir/resources_test.ts` compares them
 * with the complete types of `@types/fhir`.
 */

export interface Coding {
  system: string;
  code: string;
  display?: string;
}

export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}

export interface Identifier {
  system: string;
  value: string;
}

export interface Reference {
  reference?: string;
  type?: string;
  display?: string;
}

export interface Quantity {
  value: number;
  unit: string;
  system: string;
  /** UCUM. */
  code: string;
}

/** A period; without a start, the start is unknown. */
export interface Period {
  start?: string;
  end: string;
}

/** A waveform of equidistant samples. */
export interface SampledData {
  origin: Quantity;
  /** Milliseconds between samples. */
  period: number;
  dimensions: 1;
  /** Decimals that are separated by spaces; `E` for a sample without a value. */
  data: string;
}

export interface ObservationComponent {
  code: CodeableConcept;
  valueQuantity: Quantity;
}

export interface Meta {
  profile?: string[];
  security?: Coding[];
}

export interface Observation {
  resourceType: "Observation";
  meta?: Meta;
  identifier: Identifier[];
  status: "preliminary";
  category: CodeableConcept[];
  code: CodeableConcept;
  subject: Reference;
  effectivePeriod: Period;
  valueQuantity?: Quantity;
  valueSampledData?: SampledData;
  dataAbsentReason?: CodeableConcept;
  method: CodeableConcept;
  device: Reference;
  component?: ObservationComponent[];
}

export interface Device {
  resourceType: "Device";
  identifier: Identifier[];
  status: "active";
  deviceName: { name: string; type: "user-friendly-name" }[];
  type: CodeableConcept;
  note: { text: string }[];
}

export interface DeviceMetric {
  resourceType: "DeviceMetric";
  identifier: Identifier[];
  type: CodeableConcept;
  unit: CodeableConcept;
  source: Reference;
  category: "measurement";
}

export type Resource = Observation | Device | DeviceMetric;

export interface BundleEntry {
  fullUrl: string;
  resource: Resource;
  request: { method: "POST"; url: Resource["resourceType"]; ifNoneExist: string };
}

export interface Bundle {
  resourceType: "Bundle";
  type: "transaction";
  entry: BundleEntry[];
}
