import assert from "node:assert/strict";
import type * as r4 from "fhir/r4";
import { KINDS } from "../../../src/fhir/codes.ts";
import { bundleOf, type MappingOptions } from "../../../src/fhir/observations.ts";
import type { Bundle, Identifier, Observation } from "../../../src/fhir/resources.ts";
import { WITHHELD_REASONS } from "../../../src/vitals/withheld.ts";
import {
  coreMetrics,
  MAPPING,
  START_US,
  summaryOf,
  trusted,
} from "../../support/fhir_intervals.ts";
import { problemsOf } from "../../support/fhir_validator.ts";

/** The transaction of an interval with everything that a device can measure. */
function fullBundle(options: Partial<MappingOptions> = {}): Bundle {
  const trace = Array.from({ length: 30 }, (_, k) => ({
    value: Math.sin(k / 5) / 1000,
    timestamp: START_US + Math.round(k * 1e6 / 30),
  }));
  const { pulse, breathing } = trusted() as { pulse: object; breathing: object };
  const envelope = coreMetrics(30, {
    pulse: { ...pulse, trace, hrv: { rmssd: 32, sdnn: 41.5, mean_nn: 827, confidence: 0.8 } },
    breathing: { ...breathing, upper_trace: trace },
  });
  return bundleOf(summaryOf([envelope], { waveforms: true }), { ...MAPPING, ...options })!;
}

function observationsIn(bundle: Bundle | undefined): Observation[] {
  return (bundle?.entry ?? []).map(({ resource }) => resource)
    .filter((resource) => resource.resourceType === "Observation");
}

Deno.test("bundleOf() writes resources that two validators and the R4 profiles accept", () => {
  const bundle = fullBundle();
  const resources = bundle.entry.map(({ resource }) => resource);
  assert.deepEqual(
    resources.map(({ resourceType }) => resourceType),
    ["Device", ...new Array(6).fill("DeviceMetric"), ...new Array(6).fill("Observation")],
  );
  // The assignment checks the types of the resources against those of the R4 standard.
  const complete: r4.Bundle = bundle;
  for (const resource of [complete, ...resources]) assert.deepEqual(problemsOf(resource), []);
});

Deno.test("bundleOf() labels the values of a simulated camera as test data, and no others", () => {
  for (const simulated of [true, undefined, false, "true"]) {
    const envelope = coreMetrics(30, trusted(), { boot_id: "boot", subject: 1, simulated });
    for (const profiles of [true, false]) {
      const observations = observationsIn(
        bundleOf(summaryOf([envelope]), { ...MAPPING, profiles }),
      );
      assert.ok(observations.length > 0);
      for (const observation of observations) {
        assert.deepEqual(problemsOf(observation), []);
        const label = observation.meta?.security?.[0]?.code;
        assert.equal(label, simulated === true ? "HTEST" : undefined);
        assert.equal(observation.meta?.profile !== undefined, profiles);
      }
    }
  }
});

Deno.test("bundleOf() gives each measurement its codes, window, confidence and method", () => {
  const [pulse, breathing, sdnn, rmssd] = observationsIn(fullBundle());
  assert.deepEqual(pulse!.code, KINDS.pulse.code);
  assert.deepEqual(pulse!.code.coding.map(({ code }) => code), ["8867-4", "149546"]);
  assert.deepEqual(breathing!.code.coding!.map(({ code }) => code), ["9279-1", "151562"]);
  assert.deepEqual(pulse!.valueQuantity, {
    value: 72.5,
    unit: "beats/min",
    system: "http://unitsofmeasure.org",
    code: "/min",
  });
  assert.deepEqual(pulse!.effectivePeriod, {
    start: "2026-01-01T00:00:20.000Z",
    end: "2026-01-01T00:00:30.000Z",
  });
  assert.equal(breathing!.effectivePeriod.start, "2026-01-01T00:00:10.000Z");
  assert.equal(pulse!.component![0]!.valueQuantity.value, 0.95);
  assert.match(pulse!.method.text!, /photoplethysmography/);
  assert.equal(sdnn!.code.coding![0]!.code, "80404-7");
  assert.equal(sdnn!.valueQuantity!.code, "ms");
  assert.deepEqual(sdnn!.effectivePeriod, { end: "2026-01-01T00:00:30.000Z" });
  assert.equal(rmssd!.code.coding, undefined);
  assert.match(rmssd!.code.text!, /^RMSSD/);
});

Deno.test("bundleOf() writes no value but the reason if a value was withheld", () => {
  for (const reason of [...Object.keys(WITHHELD_REASONS), "of a newer version"]) {
    const payload = { pulse: {}, withheld: { pulse: reason, breathing: reason } };
    const observations = observationsIn(bundleOf(summaryOf([coreMetrics(5, payload)]), MAPPING));
    assert.equal(observations.length, 2);
    for (const observation of observations) {
      assert.equal(observation.valueQuantity, undefined);
      assert.equal(observation.component, undefined);
      assert.equal(observation.dataAbsentReason!.coding!.length, 1);
      assert.deepEqual(observation.effectivePeriod, {
        start: "2026-01-01T00:00:00.000Z",
        end: "2026-01-01T00:00:05.000Z",
      });
      assert.deepEqual(problemsOf(observation), [], reason);
    }
  }
});

Deno.test("bundleOf() names the reason as FHIR does", () => {
  const payload = { withheld: { pulse: "too_dark", breathing: "no_chest" } };
  const [pulse, breathing] = observationsIn(
    bundleOf(summaryOf([coreMetrics(5, payload)]), MAPPING),
  );
  assert.deepEqual(pulse!.dataAbsentReason, {
    coding: [{
      system: "http://terminology.hl7.org/CodeSystem/data-absent-reason",
      code: "error",
      display: "Error",
    }],
    text: "too_dark: The image is too dark.",
  });
  assert.equal(breathing!.dataAbsentReason!.coding![0]!.code, "not-performed");
});

Deno.test("bundleOf() leaves out what was withheld, and empty intervals, if that is asked for", () => {
  const options = { ...MAPPING, withheld: false };
  const withheld = coreMetrics(5, { withheld: { pulse: "motion", breathing: "motion" } });
  assert.equal(bundleOf(summaryOf([withheld]), options), undefined);
  const half = coreMetrics(6, { pulse: trusted()["pulse"], withheld: { breathing: "no_chest" } });
  assert.deepEqual(
    observationsIn(bundleOf(summaryOf([withheld, half]), options)).map(({ code }) => code.text),
    ["Heart rate"],
  );
  assert.equal(bundleOf(summaryOf([]), MAPPING), undefined);
});

Deno.test("bundleOf() refers to the patient, or describes the subject as unidentified", () => {
  for (const { subject } of observationsIn(fullBundle({ patientOf: () => "Patient/7" }))) {
    assert.deepEqual(subject, { reference: "Patient/7" });
  }
  const [first] = observationsIn(fullBundle());
  assert.deepEqual(first!.subject, {
    type: "Patient",
    display: "Unidentified person before ward-3",
  });
});

Deno.test("bundleOf() names the profiles, unless that is not wanted", () => {
  const profilesIn = (bundle: Bundle) =>
    observationsIn(bundle).flatMap(({ meta }) => meta?.profile ?? []);
  assert.deepEqual(profilesIn(fullBundle()), [
    "http://hl7.org/fhir/StructureDefinition/heartrate",
    "http://hl7.org/fhir/StructureDefinition/resprate",
  ]);
  assert.deepEqual(profilesIn(fullBundle({ profiles: false })), []);
});

Deno.test("bundleOf() identifies the same interval the same way, and each other one differently", () => {
  const urns = (bundle: Bundle) => bundle.entry.map(({ fullUrl }) => fullUrl);
  const bundle = fullBundle();
  assert.deepEqual(urns(fullBundle()), urns(bundle));
  assert.equal(new Set(urns(bundle)).size, bundle.entry.length);
  for (const { fullUrl, resource, request } of bundle.entry) {
    assert.match(
      fullUrl,
      /^urn:uuid:[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    const [{ system, value }] = resource.identifier as [Identifier];
    assert.equal(system, "urn:ietf:rfc:3986");
    assert.notEqual(value, fullUrl);
    assert.equal(request.ifNoneExist, `identifier=urn:ietf:rfc:3986|${value}`);
  }
  const site = urns(fullBundle({ site: "north" }));
  assert.deepEqual(urns(bundle).filter((urn) => site.includes(urn)), []);
  const summary = summaryOf([coreMetrics(30, trusted())]);
  const later = bundleOf({ ...summary, startUs: START_US + 60e6 }, MAPPING)!;
  const restarted = bundleOf({ ...summary, bootId: "other" }, MAPPING)!;
  const known = new Set(urns(bundle));
  for (const other of [later, restarted]) {
    const observations = other.entry.filter(({ resource }) =>
      resource.resourceType === "Observation"
    );
    assert.deepEqual(observations.filter(({ fullUrl }) => known.has(fullUrl)), []);
    assert.ok(known.has(other.entry[0]!.fullUrl), "the same device");
  }
});
