import assert from "node:assert/strict";
import { Random } from "../../../../src/capture/simulator/random.ts";

Deno.test("Random gives the same numbers on every machine", () => {
  const random = new Random(1, 2, 3);
  assert.deepEqual(Array.from({ length: 6 }, () => random.bits()), [
    1936341825,
    -1293602796,
    1029104839,
    -307845537,
    92551270,
    1122162139,
  ]);
  const other = new Random(7);
  assert.deepEqual(Array.from({ length: 3 }, () => other.bits()), [
    -1225862649,
    -712549367,
    1446471690,
  ]);
});

Deno.test("Random takes absent seeds for 0, and gives other numbers for each other seed", () => {
  const first = (...seeds: readonly number[]) => new Random(...seeds).bits();
  assert.equal(first(7), first(7, 0, 0));
  assert.equal(new Set([first(), first(1), first(0, 1), first(0, 0, 1), first(2)]).size, 5);
});

Deno.test("Random.uniform() is uniform in [0, 1)", () => {
  const random = new Random(5);
  const values = Array.from({ length: 20_000 }, () => random.uniform());
  assert.ok(values.every((value) => value >= 0 && value < 1));
  for (let bin = 0; bin < 10; bin++) {
    const share = values.filter((value) => Math.floor(10 * value) === bin).length / 20_000;
    assert.ok(Math.abs(share - 0.1) < 0.01, `${share} in ${bin}`);
  }
});

Deno.test("Random.gaussian() is normal with mean 0 and standard deviation 1", () => {
  const random = new Random(6);
  const values = Array.from({ length: 20_000 }, () => random.gaussian());
  const moment = (power: number) =>
    values.reduce((sum, value) => sum + value ** power, 0) / values.length;
  assert.ok(Math.abs(moment(1)) < 0.03, `mean ${moment(1)}`);
  assert.ok(Math.abs(moment(2) - 1) < 0.04, `variance ${moment(2)}`);
  assert.ok(Math.abs(moment(3)) < 0.1, `skewness ${moment(3)}`);
  assert.ok(Math.abs(moment(4) - 3) < 0.25, `kurtosis ${moment(4)}`);
});
