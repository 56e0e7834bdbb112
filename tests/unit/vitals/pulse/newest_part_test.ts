import assert from "node:assert/strict";
import { newestOf, newestPart } from "../../../../src/vitals/pulse/newest_part.ts";
import { PulseWindowBuffer } from "../../../../src/vitals/pulse/window_buffer.ts";
import { faceSamples } from "../../../support/face_samples.ts";

Deno.test("newestPart() equals a shorter window of the same samples", () => {
  const buffer = new PulseWindowBuffer({ seconds: 21 });
  for (const [k, sample] of [...faceSamples({ seconds: 25 })].entries()) {
    const isGap = k >= 500 && k < 530;
    const ready = { readySignals: [Math.sin(k / 5)], networkPulse: Math.cos(k / 5) };
    buffer.push({ ...sample, ...(isGap ? { regions: {} } : ready) });
  }
  const [long, short] = [buffer.window(20), buffer.window(10)];
  const part = newestPart(long, short.length);
  assert.equal(part.length, short.length);
  assert.equal(part.sampleRateHz, short.sampleRateHz);
  for (const region of ["forehead", "skin", "background"] as const) {
    const [expected, found] = [short.color(region), part.color(region)];
    for (const channel of ["r", "g", "b"] as const) {
      const differs = found?.[channel].findIndex((value, k) => {
        const other = expected![channel][k]!;
        return Number.isNaN(value) !== Number.isNaN(other) || Math.abs(value - other) > 1e-9;
      });
      assert.equal(differs, -1, `${region} ${channel}`);
    }
    assert.deepEqual(part.segments(region), short.segments(region));
  }
  assert.equal(part.network?.length, 300);
  assert.equal(part.readySignals[0]?.length, 300);
});

Deno.test("newestOf() cuts signals and keeps their names", () => {
  const bvp = Float64Array.from({ length: 600 }, (_, k) => k);
  const [cut] = newestOf([{ name: "pos:skin", isProjection: true, bvp }], 300);
  assert.deepEqual([cut!.name, cut!.bvp.length, cut!.bvp[0]], ["pos:skin", 300, 300]);
});
