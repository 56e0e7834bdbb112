import assert from "node:assert/strict";
import {
  BREATHING_REFERENCE,
  isRateLike,
  PULSE_REFERENCE,
  referencesOf,
} from "../../../src/validation/reference.ts";
import { parseTable } from "../../../src/validation/table.ts";

Deno.test("isRateLike() distinguishes rates from waveforms", () => {
  const times = Float64Array.from({ length: 900 }, (_, k) => k / 30);
  const rate = times.map((t) => Math.round(75 + 6 * Math.sin(0.2 * t)));
  const wave = (offset: number, size: number, hz: number) =>
    times.map((t) => offset + size * Math.sin(2 * Math.PI * hz * t));
  assert.equal(isRateLike(times, rate, PULSE_REFERENCE), true);
  assert.equal(isRateLike(times, wave(0, 1, 1.2), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times, wave(118, 1, 1.2), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times, wave(76, 60, 1.2), PULSE_REFERENCE), false);
  assert.equal(isRateLike(times, wave(15, 0.5, 0.02), BREATHING_REFERENCE), true);
  assert.equal(isRateLike(times, wave(0, 1, 0.25), BREATHING_REFERENCE), false);
});

Deno.test("referencesOf() returns the rate of each column in the same window", () => {
  const rows = Array.from({ length: 1800 }, (_, k) => {
    const t = k / 30;
    return `${t},${Math.sin(2 * Math.PI * 1.25 * t)},${Math.sin(2 * Math.PI * 0.3 * t)},72`;
  });
  const table = parseTable(["t_s,ppg,resp,hr", ...rows].join("\n"));
  const waves = referencesOf(table, "ppg,resp");
  assert.ok(Math.abs(waves.pulse!.rateAt(20, 10)! - 75) < 0.2);
  assert.ok(Math.abs(waves.breathing!.rateAt(40, 10)! - 18) < 0.2);
  assert.equal(waves.pulse!.rateAt(5, 10), undefined);
  assert.equal(referencesOf(table, "hr").pulse!.rateAt(20, 10), 72);
  assert.equal(referencesOf(table, "hr:breathing:rate").breathing!.rateAt(40, 10), 72);
});
