import assert from "node:assert/strict";
import { PhasicTrace } from "../../../../src/vitals/perfusion/phasic.ts";

Deno.test("PhasicTrace reports each beat once, relative to the usual height", () => {
  const trace = new PhasicTrace();
  const beat = (k: number) => ({ timeUs: k * 833_333, height: k === 20 ? 0.03 : 0.02 });
  const reported = Array.from(
    { length: 25 },
    (_, end) => trace.push(Array.from({ length: 6 }, (_, k) => beat(end + k))),
  ).flat();
  assert.equal(new Set(reported.map(({ timeUs }) => timeUs)).size, reported.length);
  assert.equal(reported.find(({ timeUs }) => timeUs === beat(20).timeUs)?.value, 1.5);
  assert.ok(reported.filter(({ value }) => value === 1).length > 15);
});

/** Pushes one beat per second, from the given second on. */
function pushTo(trace: PhasicTrace, heights: readonly number[], startS = 0) {
  return heights.map((height, k) => trace.push([{ timeUs: (startS + k) * 1e6, height }])[0]);
}
const repeat = (value: number, count: number) => Array.from({ length: count }, () => value);

Deno.test("PhasicTrace needs eight beats", () => {
  const samples = pushTo(new PhasicTrace(), repeat(3, 10));
  assert.deepEqual(samples.slice(0, 7), repeat(0, 7).map(() => undefined));
  assert.deepEqual(samples[7], { timeUs: 7e6, value: 1 });
});

Deno.test("PhasicTrace compares with the median of the last minute", () => {
  const samples = pushTo(new PhasicTrace(), [...repeat(4, 100), ...repeat(2, 60)]);
  const after = (seconds: number) => samples[100 + seconds - 1]!.value;
  assert.deepEqual([after(1), after(27), after(33)], [0.5, 0.5, 1]);
});

Deno.test("PhasicTrace counts beats within 0.25 s as one, and none without a height", () => {
  const trace = new PhasicTrace();
  pushTo(trace, repeat(1, 10));
  const isNew = (us: number, height = 1) => trace.push([{ timeUs: 9e6 + us, height }]).length > 0;
  assert.deepEqual([isNew(-1e6), isNew(0), isNew(225_000), isNew(250_000)], [
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual([isNew(400_000, 0), isNew(400_000, -1), isNew(400_000, NaN)], [
    false,
    false,
    false,
  ]);
  assert.equal(isNew(275_000), true);
});

Deno.test("PhasicTrace.reset() discards the reference", () => {
  const trace = new PhasicTrace();
  pushTo(trace, repeat(1, 10));
  trace.reset();
  const samples = pushTo(trace, repeat(2, 8));
  assert.deepEqual(samples.map((sample) => sample?.value), [
    ...repeat(0, 7).map(() => undefined),
    1,
  ]);
});
