import assert from "node:assert/strict";
import {
  chromMethod,
  greenMethod,
  posMethod,
} from "../../../../../src/vitals/pulse/methods/color.ts";
import type { PulseWindow } from "../../../../../src/vitals/pulse/methods/method.ts";
import {
  chrom,
  type ColorSignal,
  green,
  pos,
} from "../../../../../src/vitals/signal/projections.ts";
import { colorOf, pulseWindow } from "../../../../support/pulse_window.ts";
import { SAMPLE_RATE_HZ as sampleRateHz } from "../../../../support/synthetic_signals.ts";

const pulse = (seconds: number) => Math.sin(2 * Math.PI * 1.2 * seconds);

/** Skin with a pulse of this amplitude. */
const skinOf = (amplitude: number) =>
  colorOf({
    r: (s) => -0.4 * amplitude * pulse(s),
    g: (s) => -amplitude * pulse(s),
    b: (s) => -0.7 * amplitude * pulse(s),
  });
const SKIN = skinOf(0.01);

for (
  const [method, project, sign] of [[greenMethod, green, 1], [chromMethod, chrom, 1], [
    posMethod,
    pos,
    -1,
  ]] as const
) {
  Deno.test(`${method.name} has a signal for each region, of which skin is not separate`, () => {
    const regions = {
      glabella: SKIN,
      forehead: SKIN,
      left_cheek: SKIN,
      right_cheek: SKIN,
      skin: SKIN,
    };
    const signals = method.extract(pulseWindow({ ...regions, background: SKIN, chest: SKIN }));
    assert.deepEqual(
      signals.map(({ name, region }) => [name, region]),
      Object.keys(regions).map((name) => [
        `${method.name}:${name}`,
        name === "skin" ? undefined : name,
      ]),
    );
    const expected = project(SKIN, { sampleRateHz }).map((value) => sign * value);
    for (const { bvp, isProjection } of signals) {
      assert.deepEqual([...bvp], [...expected]);
      assert.equal(isProjection, true);
    }
  });

  Deno.test(`${method.name} rises in systole, in which the skin is darker`, () => {
    const [{ bvp } = { bvp: new Float64Array() }] = method.extract(pulseWindow({ skin: SKIN }));
    const product = bvp.reduce((sum, value, k) => sum + value * pulse(k / sampleRateHz), 0);
    assert.ok(product > 0, `${product}`);
  });

  Deno.test(`${method.name} projects each segment separately, with gaps between them`, () => {
    const segments = [{ start: 10, end: 130 }, { start: 150, end: 280 }];
    const window: PulseWindow = { ...pulseWindow({ skin: SKIN }), segments: () => segments };
    const [{ bvp } = { bvp: new Float64Array() }] = method.extract(window);
    assert.equal(bvp.length, 300);
    for (const { start, end } of segments) {
      const part: ColorSignal = {
        r: SKIN.r.slice(start, end),
        g: SKIN.g.slice(start, end),
        b: SKIN.b.slice(start, end),
      };
      const expected = project(part, { sampleRateHz }).map((value) => sign * value);
      assert.deepEqual([...bvp.subarray(start, end)], [...expected]);
    }
    const gaps = [[0, 10], [130, 150], [280, 300]] as const;
    assert.ok(gaps.every(([from, to]) => bvp.subarray(from, to).every(Number.isNaN)));
  });

  Deno.test(`${method.name} projects a single segment that is shorter than the window alone`, () => {
    for (const segment of [{ start: 0, end: 240 }, { start: 60, end: 300 }]) {
      const window: PulseWindow = { ...pulseWindow({ skin: SKIN }), segments: () => [segment] };
      const [{ bvp } = { bvp: new Float64Array() }] = method.extract(window);
      bvp.forEach((value, k) => {
        assert.equal(Number.isFinite(value), k >= segment.start && k < segment.end, `${k}`);
      });
    }
  });

  Deno.test(`${method.name} ignores an amplitude of up to a millionth, which is rounding error`, () => {
    const amplitudeOf = (color: ColorSignal) =>
      Math.max(...project(color, { sampleRateHz }).map(Math.abs));
    const perPulse = amplitudeOf(skinOf(1e-3)) / 1e-3;
    const countOf = (amplitude: number) =>
      method.extract(pulseWindow({ skin: skinOf(amplitude / perPulse) })).length;
    assert.equal(countOf(0.9e-6), 0);
    assert.equal(countOf(1.1e-6), 1);
  });

  Deno.test(`${method.name} has no signal without segments, and none of a constant color`, () => {
    const none: PulseWindow = { ...pulseWindow({ skin: SKIN }), segments: () => [] };
    assert.deepEqual(method.extract(none), []);
    assert.deepEqual(method.extract(pulseWindow({ skin: skinOf(0) })), []);
    assert.deepEqual(method.extract(pulseWindow({})), []);
  });
}
