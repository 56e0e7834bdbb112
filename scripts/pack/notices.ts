import { VERSION } from "../../src/base/version.ts";
import type { Part } from "./parts.ts";
import { type Arch, ROOT } from "./run.ts";

/** What `--licenses` prints: our licence, then each part with its source and its licence. */
export function licensesText(parts: readonly Part[]): string {
  const line = "=".repeat(80);
  const contents = parts.map(({ name, version, license }) => `  ${name} ${version}: ${license}`);
  const sections = parts.map(({ name, version, license, url, role, text }) =>
    [
      line,
      `${name} ${version}`,
      `${role}`,
      `Licence: ${license}`,
      `From: ${url}`,
      "",
      text ? Deno.readTextFileSync(text).trimEnd() : "",
    ].join("\n").trimEnd()
  );
  return [
    `physiology_server ${VERSION} is under the Apache License 2.0, which follows. It carries:`,
    "",
    ...contents,
    "",
    Deno.readTextFileSync(`${ROOT}/LICENSE`).trimEnd(),
    "",
    ...sections,
    "",
  ].join("\n");
}

/** A bill of materials as CycloneDX 1.6 JSON; without a time, so that two builds are equal. */
export function billOfMaterials(parts: readonly Part[], arch: Arch): string {
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "physiology_server",
        name: "physiology_server",
        version: VERSION,
        licenses: [{ license: { id: "Apache-2.0" } }],
        properties: [{ name: "arch", value: arch }],
      },
    },
    components: parts.map(({ name, version, license, url, role, purl, sha256 }) => ({
      type: "library",
      "bom-ref": `${name}@${version}`,
      name,
      version,
      description: role,
      licenses: [/ /.test(license) ? { expression: license } : { license: { id: license } }],
      ...sha256 ? { hashes: [{ alg: "SHA-256", content: sha256 }] } : {},
      ...purl ? { purl } : {},
      externalReferences: [{ type: "website", url }],
    })),
    dependencies: [{
      ref: "physiology_server",
      dependsOn: parts.map(({ name, version }) => `${name}@${version}`),
    }],
  };
  return JSON.stringify(bill, null, 2) + "\n";
}
