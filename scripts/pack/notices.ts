import { VERSION } from "../../src/base/version.ts";
import type { Component } from "./components.ts";
import { type Arch, ROOT } from "./run.ts";

/** The text that `--licenses` prints: this project's licence, then each component's. */
export function licensesText(components: readonly Component[]): string {
  const line = "=".repeat(80);
  const contents = components.map(({ name, version, license }) =>
    `  ${name} ${version}: ${license}`
  );
  const sections = components.map(({ name, version, license, url, role, text, moreTexts = [] }) =>
    [
      line,
      `${name} ${version}`,
      `${role}`,
      `Licence: ${license}`,
      `From: ${url}`,
      "",
      ...[text, ...moreTexts].map((path) => path ? Deno.readTextFileSync(path).trimEnd() : ""),
    ].join("\n").trimEnd()
  );
  return [
    `physiology_server ${VERSION} is under the Apache License 2.0, which follows. It contains:`,
    "",
    ...contents,
    "",
    Deno.readTextFileSync(`${ROOT}/LICENSE`).trimEnd(),
    "",
    ...sections,
    "",
  ].join("\n");
}

/** The bill of materials as CycloneDX 1.6 JSON, without a time so that builds are reproducible. */
export function billOfMaterials(components: readonly Component[], arch: Arch): string {
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
    components: components.map(({ name, version, license, url, role, purl, cpe, sha256 }) => ({
      type: "library",
      "bom-ref": `${name}@${version}`,
      name,
      version,
      description: role,
      licenses: [/ /.test(license) ? { expression: license } : { license: { id: license } }],
      ...sha256 ? { hashes: [{ alg: "SHA-256", content: sha256 }] } : {},
      ...cpe ? { cpe } : {},
      ...purl ? { purl } : {},
      externalReferences: [{ type: "website", url }],
    })),
    dependencies: [{
      ref: "physiology_server",
      dependsOn: components.map(({ name, version }) => `${name}@${version}`),
    }],
  };
  return JSON.stringify(bill, null, 2) + "\n";
}
