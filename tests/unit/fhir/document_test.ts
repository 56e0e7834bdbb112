import assert from "node:assert/strict";
import { bundleOf } from "../../../src/fhir/observations.ts";
import { coreMetrics, MAPPING, summaryOf, trusted } from "../../support/fhir_intervals.ts";

const DOCUMENT = new URL("../../../docs/FHIR.md", import.meta.url);

Deno.test("FHIR.md shows an Observation and a reason for a missing value as they are written", () => {
  const shown = [...Deno.readTextFileSync(DOCUMENT).matchAll(/```json\n([^]*?)```/g)]
    .map(([, text]) => JSON.parse(text!));
  const options = { ...MAPPING, patientOf: () => "Patient/7" };
  const withheld = coreMetrics(30, { withheld: { pulse: "motion" } });
  const [value, absent] = [coreMetrics(30, trusted()), withheld].map((envelope) => {
    const { entry } = bundleOf(summaryOf([envelope]), options)!;
    return entry.map(({ resource }) => resource).find(({ resourceType }) =>
      resourceType === "Observation"
    );
  });
  assert.deepEqual(shown[0], value);
  assert.deepEqual(shown[1], absent && "dataAbsentReason" in absent && absent.dataAbsentReason);
});
