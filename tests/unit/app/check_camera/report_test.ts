import assert from "node:assert/strict";
import type { Finding } from "../../../../src/app/check_camera/findings.ts";
import { findingsJson, findingsText } from "../../../../src/app/check_camera/report.ts";

const findings: readonly Finding[] = [
  { name: "Frame rate", value: "30 fps", verdict: "good" },
  { name: "Face", value: "none found", verdict: "bad", hint: "Face the camera." },
];

Deno.test("findingsText() has one line for each finding, and a hint if it is not good", () => {
  assert.equal(
    findingsText(findings, { usable: false, simulated: false }),
    "\ngood  Frame rate  30 fps\nBAD   Face        none found\n" +
      "                  Face the camera.\n\n" +
      "The camera cannot measure a pulse yet: correct the lines marked BAD, from the top.",
  );
  assert.match(findingsText([], { usable: true, simulated: true }), /^SIMULATED: .* no person/);
});

Deno.test("findingsJson() has the result and the findings", () => {
  const result = { usable: true, simulated: false };
  assert.deepEqual(JSON.parse(findingsJson(findings, result)), { ...result, findings });
});
