import {
  dataAbsentReason,
  KINDS,
  type MeasurementKind,
  quantity,
  TEST_DATA,
  unitConcept,
} from "./codes.ts";
import { identifierOf, searchOf, uuidUrn } from "./identifiers.ts";
import type { IntervalSummary, Measurement, VitalSummary } from "./interval.ts";
import type {
  Bundle,
  BundleEntry,
  Device,
  DeviceMetric,
  Meta,
  Observation,
  Period,
  Reference,
  Resource,
} from "./resources.ts";
import { waveformOf } from "./sampled_data.ts";

/** How intervals become resources. */
export interface MappingOptions {
  /** Name of the site, which is part of every identifier. */
  readonly site: string;
  /** Returns the patient before a device: `Patient/7`; undefined if that is not known. */
  readonly patientOf: (device: string) => string | undefined;
  /** Whether Observations name the profile that they conform to. */
  readonly profiles: boolean;
  /** Whether intervals without a value become Observations with the reason. */
  readonly withheld: boolean;
}

const MEDIAN = "the trusted value that is the median of the interval";
const NOT_MEDICAL = "Not a medical device: do not use the values to diagnose or to treat.";

/**
 * Returns the transaction that creates the Observations of an interval, its Device and its
 * DeviceMetrics, each only if the server does not have it: repeating it changes nothing. Returns
 * undefined if there is no Observation.
 */
export function bundleOf(interval: IntervalSummary, options: MappingOptions): Bundle | undefined {
  const { device, bootId, startUs } = interval;
  const deviceUrn = uuidUrn(options.site, device, "device");
  const shared = {
    subject: subjectOf(device, options),
    device: { reference: fullUrlOf(deviceUrn), display: device },
  };
  const observations: BundleEntry[] = [];
  const kinds = new Set<MeasurementKind>();
  for (const { kind, ...content } of contentsOf(interval, options)) {
    const urn = uuidUrn(options.site, device, bootId, String(startUs), kind.name);
    observations.push(
      entryOf(urn, {
        ...observationOf(kind, urn),
        ...metaOf(kind, interval, options),
        ...shared,
        ...content,
      }),
    );
    kinds.add(kind);
  }
  if (observations.length === 0) return undefined;
  const metrics = [...kinds].map((kind) => {
    const urn = uuidUrn(options.site, device, "metric", kind.name);
    return entryOf(urn, metricOf(kind, { urn, device: shared.device }));
  });
  return {
    resourceType: "Bundle",
    type: "transaction",
    entry: [entryOf(deviceUrn, deviceOf(device, deviceUrn)), ...metrics, ...observations],
  };
}

type Content =
  & { readonly kind: MeasurementKind }
  & Pick<Observation, "effectivePeriod">
  & Partial<
    Pick<Observation, "valueQuantity" | "valueSampledData" | "dataAbsentReason" | "component">
  >;

/** Yields what differs between the Observations of an interval. */
function* contentsOf(
  interval: IntervalSummary,
  { withheld }: Pick<MappingOptions, "withheld">,
): Generator<Content> {
  for (const name of ["pulse", "breathing"] as const) {
    const summary = interval[name];
    if (summary && (withheld || "measurement" in summary)) {
      yield vitalContent(KINDS[name], summary, interval);
    }
  }
  for (const name of ["sdnn", "rmssd"] as const) {
    const measurement = interval[name];
    if (measurement) yield valueContent(KINDS[name], measurement);
  }
  for (const name of ["pulse", "breathing"] as const) {
    const kind = KINDS[`${name}Waveform`];
    const waveform = waveformOf(interval.traces[name], kind.unit);
    if (!waveform) continue;
    yield { kind, effectivePeriod: periodOf(waveform), valueSampledData: waveform.data };
  }
}

function vitalContent(
  kind: MeasurementKind,
  summary: VitalSummary,
  interval: IntervalSummary,
): Content {
  if ("measurement" in summary) return valueContent(kind, summary.measurement);
  return {
    kind,
    effectivePeriod: periodOf(interval),
    dataAbsentReason: dataAbsentReason(summary.withheld),
  };
}

function valueContent(kind: MeasurementKind, measurement: Measurement): Content {
  const { value, confidence } = measurement;
  const component = kind.confidence === undefined || confidence === undefined ? [] : [{
    code: { text: kind.confidence },
    valueQuantity: quantity(confidence, { unit: "probability", code: "1" }),
  }];
  return {
    kind,
    effectivePeriod: periodOf(measurement),
    valueQuantity: quantity(value, kind.unit),
    ...component.length > 0 ? { component } : {},
  };
}

/** The profile, and the label of values that describe no person, if they apply. */
function metaOf(
  { profile }: MeasurementKind,
  { isSimulated }: IntervalSummary,
  { profiles }: Pick<MappingOptions, "profiles">,
): { meta?: Meta } {
  const hasProfile = profiles && profile !== undefined;
  if (!hasProfile && !isSimulated) return {};
  return {
    meta: {
      ...hasProfile ? { profile: [profile] } : {},
      ...isSimulated ? { security: [TEST_DATA] } : {},
    },
  };
}

/** What all Observations of a kind have in common, and the identifier. */
function observationOf(kind: MeasurementKind, urn: string) {
  return {
    resourceType: "Observation" as const,
    identifier: [identifierOf(urn)],
    status: "preliminary" as const,
    category: [kind.category],
    code: kind.code,
    method: { text: kind.profile === undefined ? kind.method : `${kind.method}; ${MEDIAN}` },
  };
}

/**
 * Returns the patient. The vital signs profiles require a subject: without a patient, it is a
 * reference that only describes the person.
 */
function subjectOf(device: string, { patientOf }: Pick<MappingOptions, "patientOf">): Reference {
  const patient = patientOf(device);
  if (patient !== undefined) return { reference: patient };
  return { type: "Patient", display: `Unidentified person before ${device}` };
}

function deviceOf(device: string, urn: string): Device {
  return {
    resourceType: "Device",
    identifier: [identifierOf(urn)],
    status: "active",
    deviceName: [{ name: device, type: "user-friendly-name" }],
    type: { text: "Camera that measures pulse and breathing (physiology_server)" },
    note: [{ text: NOT_MEDICAL }],
  };
}

function metricOf(
  kind: MeasurementKind,
  { urn, device }: { readonly urn: string; readonly device: Reference },
): DeviceMetric {
  return {
    resourceType: "DeviceMetric",
    identifier: [identifierOf(urn)],
    type: kind.code,
    unit: unitConcept(kind.unit),
    source: device,
    category: "measurement",
  };
}

function entryOf(urn: string, resource: Resource): BundleEntry {
  const { resourceType: url } = resource;
  const request = { method: "POST" as const, url, ifNoneExist: searchOf(identifierOf(urn)) };
  return { fullUrl: fullUrlOf(urn), resource, request };
}

/**
 * Returns the URL by which entries refer to each other. It differs from the identifier, as servers
 * such as Medplum replace the URL wherever it occurs.
 */
function fullUrlOf(urn: string): string {
  return uuidUrn("entry", urn);
}

function periodOf(
  { startUs, endUs }: { readonly startUs: number | undefined; readonly endUs: number },
): Period {
  return { ...startUs === undefined ? {} : { start: instant(startUs) }, end: instant(endUs) };
}

/** Formats microseconds since the Unix epoch as a FHIR dateTime. */
function instant(us: number): string {
  return new Date(us / 1000).toISOString();
}
