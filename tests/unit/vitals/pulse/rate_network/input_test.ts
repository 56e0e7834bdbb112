import assert from "node:assert/strict";
import fc from "fast-check";
import {
  INPUT_LENGTH,
  INPUT_ROWS,
  writeNetworkInput,
} from "../../../../../src/vitals/pulse/rate_network/input.ts";
import { LONG_LENGTH, longSignal } from "../../../../support/long_signals.ts";
import { scipy } from "../../../../support/scipy.ts";

const VALUES = INPUT_ROWS * INPUT_LENGTH;
const SCRIPTS = new URL("../../../../../scripts/fit/rate_network", import.meta.url).pathname;

function inputOf(bvp: Float64Array): Float32Array {
  const input = new Float32Array(VALUES);
  writeNetworkInput([{ name: "one", bvp }], input);
  return input;
}

/** A noisy pulse with a burst and a gap, which begins after three seconds. */
function disturbedSignal(seed: number): Float64Array {
  return longSignal({ seed, rate: 75, noise: 0.5 }).bvp.map((value, k) => {
    if (k < 90 || (k >= 300 && k < 345)) return NaN;
    return k >= 450 && k < 480 ? 40 * value : value;
  });
}

Deno.test("writeNetworkInput() prepares signals as in the training", async () => {
  const signals = [1, 2, 3].map(disturbedSignal);
  const expected = await scipy<number[][]>(
    `
import sys
sys.path.insert(0, ${JSON.stringify(SCRIPTS)})
from prepare import prepare
signals = np.array([[np.nan if v is None else v for v in s] for s in data])
taps = np.array([-0.03, 0, 0.28, 0.5, 0.28, 0, -0.03])
padded = np.pad(signals, ((0, 0), (3, 3)), mode="edge")
low = sum(tap * padded[:, k:k + signals.shape[1]] for k, tap in enumerate(taps))[:, 1::2]
result = prepare(low[None], np.isfinite(low)[None])[0].reshape(len(signals), -1)
`,
    signals.map((signal) => Array.from(signal, (value) => Number.isFinite(value) ? value : null)),
  );
  signals.forEach((signal, index) => {
    const input = inputOf(signal);
    input.forEach((value, k) => {
      const difference = Math.abs(value - expected[index]![k]!);
      assert.ok(difference < 1e-4, `signal ${index}, value ${k}: ${value}`);
    });
  });
});

Deno.test("writeNetworkInput() marks what is unknown, and writes signals one after the other", () => {
  const bvp = disturbedSignal(4);
  const both = new Float32Array(2 * VALUES);
  writeNetworkInput([longSignal({ seed: 5, rate: 60, noise: 1 }), { name: "two", bvp }], both);
  const second = both.subarray(VALUES);
  assert.deepEqual(second, inputOf(bvp));
  const known = second.subarray(2 * INPUT_LENGTH);
  assert.deepEqual([known[10], known[155], known[60], known[299]], [0, 0, 1, 1]);
  known.forEach((value, k) => {
    if (value) return;
    assert.equal(second[k], 0);
    assert.equal(second[INPUT_LENGTH + k], 0);
  });
});

Deno.test("writeNetworkInput() is independent of the scale of a signal, and finite for any", () => {
  const value = fc.oneof(fc.double({ noNaN: false, min: -1e6, max: 1e6 }), fc.constant(NaN));
  fc.assert(
    fc.property(fc.array(value, { maxLength: LONG_LENGTH }), (values) => {
      const bvp = new Float64Array(LONG_LENGTH).fill(NaN);
      bvp.set(values, LONG_LENGTH - values.length);
      assert.ok(inputOf(bvp).every(Number.isFinite));
    }),
    { numRuns: 50, seed: 1 },
  );
  const bvp = disturbedSignal(6);
  const [once, tenfold] = [inputOf(bvp), inputOf(bvp.map((value) => 1000 * value + 7))];
  once.forEach((value, k) => assert.ok(Math.abs(value - tenfold[k]!) < 1e-4, `${k}`));
});
