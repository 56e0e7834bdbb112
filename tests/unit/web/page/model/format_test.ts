import assert from "node:assert/strict";
import {
  formatConfidence,
  formatRange,
  formatVital,
  qualityBars,
} from "../../../../../src/web/page/model/format.ts";

Deno.test("formatVital() shows a decimal of breathing in the detail view only", () => {
  assert.equal(formatVital(72.4, { vital: "pulse", detailed: true }), "72");
  assert.equal(formatVital(16.25, { vital: "breathing", detailed: true }), "16.3");
  assert.equal(formatVital(16.25, { vital: "breathing" }), "16");
  assert.equal(formatVital(undefined, { vital: "pulse" }), "–");
});

Deno.test("formatConfidence() never shows 100 %", () => {
  assert.deepEqual([0.954, 0.999, undefined].map(formatConfidence), ["95 %", "> 99 %", ""]);
});

Deno.test("qualityBars() has steps at 0.7, 0.85 and 0.95", () => {
  const bars = [undefined, 0.5, 0.69, 0.7, 0.84, 0.85, 0.94, 0.95].map(qualityBars);
  assert.deepEqual(bars, [0, 1, 1, 2, 2, 3, 3, 4]);
});

Deno.test("formatRange() ignores gaps", () => {
  assert.equal(formatRange([null, 71.6, 58.2, null]), "58–72");
  assert.equal(formatRange([null]), "–");
});
