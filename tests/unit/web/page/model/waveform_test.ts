import assert from "node:assert/strict";
import { PX_PER_MM, Sweep, WaveformBuffer } from "../../../../../src/web/page/model/waveform.ts";

const ALL = { fromUs: -Infinity, toUs: Infinity };

function samplesOf(buffer: WaveformBuffer, range = ALL): [number, number, boolean][] {
  const samples: [number, number, boolean][] = [];
  buffer.forEach(range, (time, value, connected) => samples.push([time, value, connected]));
  return samples;
}

const sample = (timestamp: number, value = 0) => ({ timestamp, value });

Deno.test("WaveformBuffer orders samples, replaces corrected ones, and marks gaps", () => {
  const buffer = new WaveformBuffer();
  buffer.add([sample(100, 1), sample(300, 3)], 0);
  buffer.add([sample(200, 2), sample(300, 4), sample(900_000, 9)], 0);
  assert.deepEqual(samplesOf(buffer), [
    [100, 1, false],
    [200, 2, true],
    [300, 4, true],
    [900_000, 9, false],
  ]);
  assert.deepEqual(samplesOf(buffer, { fromUs: 150, toUs: 250 }), [[200, 2, false]]);
});

Deno.test("WaveformBuffer keeps the newest samples, however many arrive", () => {
  const buffer = new WaveformBuffer();
  for (let at = 0; at < 4000; at += 5) {
    buffer.add(Array.from({ length: 5 }, (_, k) => sample((at + k) * 1000, at + k)), at);
  }
  const samples = samplesOf(buffer);
  assert.equal(samples.length, 1500);
  assert.deepEqual(
    samples.map(([, value]) => value),
    Array.from({ length: 1500 }, (_, k) => 2500 + k),
  );
  buffer.add([sample(2_400_000.5, 1)], 0);
  assert.equal(buffer.length, 1500, "a sample older than all is not kept");
});

Deno.test("WaveformBuffer starts again when the clock of the device is set back", () => {
  const buffer = new WaveformBuffer();
  buffer.add([sample(10e6), sample(11e6)], 1000);
  buffer.add([sample(1e6, 5)], 2000);
  assert.deepEqual(samplesOf(buffer), [[1e6, 5, false]]);
  assert.equal(buffer.endUs(2000), 1e6 - 0.3e6);
});

Deno.test("WaveformBuffer ignores what is no sample", () => {
  const buffer = new WaveformBuffer();
  buffer.add("trace", 0);
  buffer.add([null, 3, { timestamp: "1", value: 2 }, { timestamp: 1, value: NaN }], 0);
  assert.deepEqual([buffer.length, buffer.endUs(0)], [0, undefined]);
});

Deno.test("WaveformBuffer follows the clock of the device without jumps", () => {
  const buffer = new WaveformBuffer();
  buffer.add([sample(1e6)], 1000);
  buffer.add([sample(1.2e6)], 1300); // 100 ms late
  const lag = 1300e3 - 0.3e6 - buffer.endUs(1300)!;
  assert.ok(lag > 0 && lag < 10_000, `${lag} µs`);
});

Deno.test("Sweep moves at a constant speed, and starts again at the left edge", () => {
  const sweep = new Sweep({ widthPx: 25 * PX_PER_MM * 4, mmPerS: 25 });
  assert.equal(Math.round(sweep.spanUs), 4e6);
  assert.equal(Math.round(sweep.xOf(1e6) / PX_PER_MM), 25);
  assert.equal(Math.round(sweep.xOf(5e6) / PX_PER_MM), 25);
  const wide = new Sweep({ widthPx: 1000, mmPerS: 25 });
  assert.equal(Math.round(wide.xOf(2e6) - wide.xOf(1e6)), Math.round(25 * PX_PER_MM));
});
