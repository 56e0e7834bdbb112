import assert from "node:assert/strict";
import { notchOut, oscillationsOf } from "../../../../src/vitals/pulse/notch.ts";

const SAMPLE_RATE_HZ = 30;
const OPTIONS = { frequencyHz: 1, sampleRateHz: SAMPLE_RATE_HZ };

function signalOf(value: (seconds: number) => number): Float64Array {
  return Float64Array.from({ length: 300 }, (_, k) => value(k / SAMPLE_RATE_HZ));
}

function notched(bvp: Float64Array): Float64Array {
  return notchOut([{ name: "a", bvp }], OPTIONS)[0]!.bvp;
}

const wave = (hz: number) => (seconds: number) => Math.sin(2 * Math.PI * hz * seconds + 0.4);
const rms = (signal: Float64Array) =>
  Math.sqrt(signal.reduce((sum, value) => sum + value * value, 0) / signal.length);

Deno.test("notchOut() removes an oscillation and two harmonics, and no fourth", () => {
  for (const harmonic of [1, 2, 3]) {
    assert.ok(rms(notched(signalOf(wave(harmonic)))) < 1e-6, `${harmonic}`);
  }
  assert.ok(rms(notched(signalOf(wave(4)))) > 0.7);
});

Deno.test("notchOut() removes an oscillation whose amplitude changes slowly", () => {
  const growing = signalOf((seconds) => (1 + 0.05 * seconds) * wave(1)(seconds));
  assert.ok(rms(notched(growing)) < 1e-6);
});

Deno.test("notchOut() keeps what is 0.2 Hz beside", () => {
  const sum = signalOf((seconds) => 5 * wave(1)(seconds) + wave(1.2)(seconds));
  const left = rms(notched(sum));
  assert.ok(left > 0.35 && left < 0.72, `${left}`);
});

Deno.test("notchOut() removes the oscillation beside a gap, which stays NaN", () => {
  const bvp = signalOf(wave(1));
  bvp.fill(NaN, 100, 120);
  const result = notched(bvp);
  assert.ok(result.every((value, k) => Number.isNaN(value) === (k >= 100 && k < 120)));
  assert.ok(rms(result.filter(Number.isFinite)) < 1e-6);
});

Deno.test("notchOut() keeps the name and region of each signal", () => {
  const signals = [
    { name: "pos:forehead", region: "forehead", bvp: signalOf(wave(1)) },
    { name: "green:skin", bvp: signalOf(wave(2.4)) },
  ];
  const result = notchOut(signals, OPTIONS);
  assert.deepEqual(result.map(({ name, region }) => [name, region]), [
    ["pos:forehead", "forehead"],
    ["green:skin", undefined],
  ]);
  assert.ok(rms(result[1]!.bvp) > 0.69);
});

Deno.test("oscillationsOf() are the parts of signals at the frequency itself", () => {
  const own = wave(1);
  const sum = signalOf((seconds) => own(seconds) + wave(2)(seconds) + wave(0.3)(seconds));
  const [part, none] = oscillationsOf([sum, signalOf(wave(2))], OPTIONS);
  assert.ok(rms(none!) < 0.06, `${rms(none!)}`);
  const error = part!.map((value, k) => value - own(k / SAMPLE_RATE_HZ));
  assert.ok(rms(error) < 0.1, `${rms(error)}`);
});
