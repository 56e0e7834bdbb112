import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { EdaProxy } from "../../../../src/vitals/perfusion/eda.ts";

/** Pushes one value per second, from the given second on. */
function pushTo(proxy: EdaProxy, values: readonly number[], startS = 0) {
  return values.map((value, k) => proxy.push({ timeUs: monotonicUs((startS + k) * 1e6), value }));
}
const repeat = (value: number, count: number) => Array.from({ length: count }, () => value);

Deno.test("EdaProxy is 0 at the usual perfusion and rises if the perfusion falls", () => {
  const values = pushTo(new EdaProxy(), [...repeat(0.01, 50), ...repeat(0.005, 10)]);
  assert.ok(Math.abs(values[40]!.value) < 1e-9);
  assert.ok(Math.abs(values[59]!.value - Math.log(2)) < 1e-9);
  assert.equal(values[59]!.timeUs, 59e6);
});

Deno.test("EdaProxy needs twenty values", () => {
  const values = pushTo(new EdaProxy(), repeat(0.01, 25));
  assert.equal(values.findIndex((value) => value !== undefined), 19);
});

Deno.test("EdaProxy compares with the median of the last two minutes", () => {
  // Most of the values are high until the low ones are 60 of 119 s.
  const values = pushTo(new EdaProxy(), [...repeat(0.02, 200), ...repeat(0.01, 100)]);
  const after = (seconds: number) => values[200 + seconds - 1]!.value;
  assert.ok(Math.abs(after(1) - Math.log(2)) < 1e-9);
  assert.ok(Math.abs(after(55) - Math.log(2)) < 1e-9);
  assert.ok(Math.abs(after(65)) < 1e-9);
});

Deno.test("EdaProxy has no value without perfusion, and does not count it", () => {
  const proxy = new EdaProxy();
  const values = pushTo(proxy, [...repeat(0.01, 19), ...repeat(0, 5), NaN, -1, 0.01]);
  assert.ok(values.slice(0, -1).every((value) => value === undefined));
  assert.equal(values.at(-1)!.value, -0);
});

Deno.test("EdaProxy.reset() discards the reference", () => {
  const proxy = new EdaProxy();
  pushTo(proxy, repeat(0.01, 30));
  proxy.reset();
  const values = pushTo(proxy, repeat(0.02, 20), 30);
  assert.deepEqual([values[18], values[19]?.value], [undefined, -0]);
});
