import assert from "node:assert/strict";
import { DerivedVitals } from "../../../../src/vitals/derived.ts";
import type {
  BreathingEstimate,
  PulseEstimate,
  VitalsOptions,
} from "../../../../src/vitals/estimate.ts";
import type { PulseWave } from "../../../../src/vitals/parts.ts";
import { EdaProxy } from "../../../../src/vitals/perfusion/eda.ts";
import { PhasicTrace } from "../../../../src/vitals/perfusion/phasic.ts";
import { SkinPulse } from "../../../../src/vitals/perfusion/skin_pulse.ts";
import { goodFace, samplesOf } from "../../../support/samples.ts";

const RATE = 72;
/** Skin whose green light is taken away by a pulse of so large a share of it. */
function skinAt(amplitude: number) {
  return (timeS: number) => {
    const g = 110 * (1 - amplitude * Math.sin((2 * Math.PI * RATE * timeS) / 60));
    return { regions: { skin: { r: 150, g, b: 90, pixels: 4000, clipped: 0 } } };
  };
}

Deno.test("the perfusion is the pulse's share of the skin's light, at any brightness", () => {
  const skin = new SkinPulse();
  for (const sample of samplesOf(12, { at: skinAt(0.01) })) skin.push(sample);
  const reading = skin.read(RATE)!;
  assert.ok(Math.abs(reading.perfusion - 0.01) < 0.0005, `${reading.perfusion}`);
  assert.ok(reading.beats.length >= 6 && reading.beats.length <= 8);
  for (const { height } of reading.beats) assert.ok(Math.abs(height - 0.02) < 0.002, `${height}`);
});

Deno.test("a moving face has no perfusion", () => {
  const skin = new SkinPulse();
  const at = (timeS: number) => ({ ...skinAt(0.01)(timeS), face: goodFace({ speed: 0.6 }) });
  for (const sample of samplesOf(12, { at })) skin.push(sample);
  assert.equal(skin.read(RATE), undefined);
});

Deno.test("the EDA proxy is 0 as usual and rises where the pulse shrinks", () => {
  const proxy = new EdaProxy();
  const values = Array.from(
    { length: 60 },
    (_, k) => proxy.push({ timeUs: k * 1e6, value: k < 50 ? 0.01 : 0.005 }),
  );
  assert.ok(values.slice(0, 19).every((value) => value === undefined));
  assert.ok(Math.abs(values[40]!.value) < 1e-9);
  assert.ok(Math.abs(values[59]!.value - Math.log(2)) < 1e-9);
});

Deno.test("the phasic trace tells each beat once, as a share of the usual beat", () => {
  const trace = new PhasicTrace();
  const beat = (k: number) => ({ timeUs: k * 833_333, height: k === 20 ? 0.03 : 0.02 });
  const told = Array.from(
    { length: 25 },
    (_, end) => trace.push(Array.from({ length: 6 }, (_, k) => beat(end + k))),
  ).flat();
  assert.equal(new Set(told.map(({ timeUs }) => timeUs)).size, told.length);
  assert.equal(told.find(({ timeUs }) => timeUs === beat(20).timeUs)?.value, 1.5);
  assert.ok(told.filter(({ value }) => value === 1).length > 15);
});

const NO_BREATHS: BreathingEstimate = {
  rate: [],
  upperTrace: [],
  amplitude: [],
  apnea: [],
  respiratoryLineLength: [],
  baseline: [],
  inhaleExhaleRatio: [],
};

/** What 40 s of a sure pulse and breathing give, five times a second. */
function run(options: VitalsOptions, { pulse = true, breathing = true } = {}) {
  const derived = new DerivedVitals(options);
  const pulseEstimate: PulseEstimate = {
    ...(pulse ? { strict: { value: 72, confidence: 0.95 } } : { withheld: "low_quality" }),
    rate: [],
    trace: [],
    respirationQuotient: [],
  };
  const breathingEstimate: BreathingEstimate = {
    ...NO_BREATHS,
    ...(breathing ? { strict: { value: 16, confidence: 0.9 } } : { withheld: "low_quality" }),
  };
  const wave: PulseWave = {
    bvp: new Float64Array(300),
    startUs: 0,
    sampleRateHz: 30,
    rate: RATE,
    confidence: 0.95,
    snrDb: 10,
  };
  return samplesOf(40, { at: skinAt(0.01) }).flatMap((sample, k) => {
    derived.push(sample);
    if (k % 6) return [];
    return [
      derived.estimate({ nowUs: sample.timeUs, fps: 30, pulse: wave }, {
        pulse: pulseEstimate,
        breathing: breathingEstimate,
      }),
    ];
  });
}

Deno.test("beats per breath are told once a second, and only when both rates are", () => {
  const quotients = run({}).flatMap(({ respirationQuotient }) => respirationQuotient);
  assert.ok(quotients.length >= 38 && quotients.length <= 40, `${quotients.length}`);
  assert.ok(quotients.every(({ value }) => value === 4.5));
  for (const missing of [{ pulse: false }, { breathing: false }]) {
    assert.ok(run({}, missing).every((e) => e.respirationQuotient.length === 0));
  }
});

Deno.test("the phasic trace and the EDA proxy come only when asked for, and with a sure pulse", () => {
  assert.ok(run({}).every((e) => !("phasicPressure" in e) && !("eda" in e)));
  const asked = run({ phasicPressure: true, eda: true });
  assert.ok(asked.flatMap((e) => e.phasicPressure ?? []).length > 15);
  assert.ok(asked.flatMap((e) => e.eda ?? []).length > 5);
  const recentAcks = run({ phasicPressure: true, eda: true }, { pulse: false });
  assert.equal(recentAcks.flatMap((e) => [...e.phasicPressure ?? [], ...e.eda ?? []]).length, 0);
});
