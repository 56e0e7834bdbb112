import assert from "node:assert/strict";
import fc from "fast-check";
import { loadBreathingModel } from "../../../../src/vitals/breathing/confidence.ts";
import { isHeadLed } from "../../../../src/vitals/breathing/head_motion.ts";
import { PulseModulations } from "../../../../src/vitals/breathing/modulation.ts";
import { supported, votesOf } from "../../../../src/vitals/breathing/auxiliary.ts";
import { samplesOf } from "../../../support/samples.ts";

const model = loadBreathingModel();
const BREATHS = 14, BEATS = 70;

/** Forty seconds of a pulse that breathing shifts, swells and hurries. */
function breathingPulse(): PulseModulations {
  const modulations = new PulseModulations();
  const breath = (timeS: number) => Math.sin((2 * Math.PI * BREATHS * timeS) / 60);
  let phase = 0;
  const wave = Float64Array.from({ length: 40 * 30 }, (_, k) => {
    phase += (2 * Math.PI * (BEATS + 3 * breath(k / 30))) / 60 / 30;
    return (1 + 0.2 * breath(k / 30)) * Math.sin(phase);
  });
  for (const [k, sample] of samplesOf(40).entries()) {
    const g = 110 + 0.3 * breath(k / 30) + 0.5 * wave[k]!;
    const skin = { r: 150, g, b: 90, pixels: 4000, clipped: 0 };
    modulations.push({ ...sample, regions: { skin } });
    if (k < 300 || k % 15) continue;
    modulations.pushWave({
      bvp: wave.slice(k - 299, k + 1),
      startUs: sample.timeUs - (299 * 1e6) / 30,
      sampleRateHz: 30,
      rate: BEATS,
      confidence: 0.95,
      snrDb: 10,
    });
  }
  return modulations;
}

Deno.test("baseline, amplitude and frequency of a pulse tell its breathing", () => {
  const witnesses = breathingPulse().read(25);
  assert.deepEqual(witnesses.map(({ name }) => name), ["baseline", "amplitude", "frequency"]);
  const votes = votesOf(witnesses, { sampleRateHz: 10, model });
  assert.ok(votes.length >= 2, `${votes.length} votes`);
  for (const { name, rate } of votes) {
    assert.ok(Math.abs(rate - BREATHS) < 1.5, `${name} says ${rate}`);
  }
});

Deno.test("agreement raises a probability, disagreement leaves it, and it stays one", () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const votes = fc.array(
    fc.record({ rate: fc.double({ min: 4, max: 40, noNaN: true }), quality: unit }),
  );
  fc.assert(fc.property(unit, votes, (confidence, list) => {
    const named = list.map((vote) => ({ name: "any", ...vote }));
    const after = supported({ rate: 15, confidence }, named);
    assert.ok(after >= confidence - 1e-12 && after <= 1);
    const strangers = named.filter(({ rate }) => Math.abs(rate - 15) > 2);
    assert.ok(Math.abs(supported({ rate: 15, confidence }, strangers) - confidence) < 1e-9);
  }));
});

Deno.test("a head that moves as far as the chest leads it; one that follows does not", () => {
  const chest = Float64Array.from({ length: 300 }, (_, k) => Math.sin(2 * Math.PI * 0.25 * k / 10));
  const stretch = { chest, endUs: 3e7, sampleRateHz: 10, movedShare: 0, liveShare: 1 };
  const window = { rate: 15, seconds: 30 };
  const noseAt = (share: number) => chest.map((value) => share * value);
  assert.equal(isHeadLed({ ...stretch, nose: noseAt(1) }, window), true);
  assert.equal(isHeadLed({ ...stretch, nose: noseAt(1.9) }, window), true);
  assert.equal(isHeadLed({ ...stretch, nose: noseAt(0.4) }, window), false);
  assert.equal(isHeadLed({ ...stretch, nose: noseAt(-1) }, window), false);
  assert.equal(isHeadLed(stretch, window), false);
});
