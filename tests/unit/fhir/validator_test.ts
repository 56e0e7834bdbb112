import assert from "node:assert/strict";
import type { Observation } from "../../../src/fhir/resources.ts";
import { bundleOf } from "../../../src/fhir/observations.ts";
import { coreMetrics, MAPPING, summaryOf, trusted } from "../../support/fhir_intervals.ts";
import { problemsOf } from "../../support/fhir_validator.ts";

/** An Observation that both validators accept, with a change. */
function broken(change: Readonly<Record<string, unknown>>): string[] {
  const bundle = bundleOf(summaryOf([coreMetrics(30, trusted())]), MAPPING)!;
  const pulse = bundle.entry.map(({ resource }) => resource).find(({ resourceType }) =>
    resourceType === "Observation"
  );
  return problemsOf({ ...pulse as Observation, ...change } as Observation);
}

Deno.test("problemsOf() finds what the profiles and the standard forbid", () => {
  assert.deepEqual(broken({}), []);
  const withoutDate = { effectivePeriod: undefined };
  const without = { valueQuantity: undefined, component: undefined };
  for (const change of [withoutDate, without, { subject: undefined }, { status: "provisional" }]) {
    assert.notDeepEqual(broken(change), [], JSON.stringify(Object.keys(change)));
  }
  assert.match(broken(without).join(), /vs-2/);
});
