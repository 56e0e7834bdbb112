import { createHash } from "node:crypto";
import type { Identifier } from "./resources.ts";

/** The namespace of all identifiers of this program, chosen at random once. */
const NAMESPACE = Uint8Array.fromHex("6f0d3a0e5c8b4f0f9a3e7d1f2b64c815");
/** The system of identifiers that are URIs (FHIR R4, Identifier.system). */
const URI_SYSTEM = "urn:ietf:rfc:3986";

/**
 * Returns the UUID of a name (RFC 9562, version 5) as a URN. The same name has the same UUID in every
 * run, so that a server recognizes what it has already.
 */
export function uuidUrn(...name: readonly string[]): string {
  const hash = createHash("sha1").update(NAMESPACE).update(JSON.stringify(name)).digest();
  const bytes = hash.subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return `urn:uuid:${groups.join("-")}-${hex.slice(20)}`;
}

/** Returns the identifier of a URN. */
export function identifierOf(urn: string): Identifier {
  return { system: URI_SYSTEM, value: urn };
}

/** Returns the search that finds the resource with an identifier, for a conditional create. */
export function searchOf({ system, value }: Identifier): string {
  return `identifier=${system}|${value}`;
}
