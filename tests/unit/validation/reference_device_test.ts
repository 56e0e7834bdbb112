import assert from "node:assert/strict";
import { describeDevice, deviceOf, withinRange } from "../../../src/validation/reference_device.ts";
import { TableError } from "../../../src/validation/table.ts";

Deno.test("withinRange() leaves out rates outside the range, and counts them", () => {
  let outside = 0;
  const rates = [29.9, 30, 100, 240, 240.1, undefined];
  const reference = withinRange(
    { description: "a column", rateAt: (endS) => rates[endS] },
    [30, 240],
    () => outside++,
  );
  assert.deepEqual(
    rates.map((_, endS) => reference.rateAt(endS, 10)),
    [undefined, 30, 100, 240, undefined, undefined],
  );
  assert.deepEqual([outside, reference.description], [2, "a column"]);
});

Deno.test("deviceOf() reads the range, and throws if it is invalid", () => {
  assert.deepEqual(deviceOf("Oxi", "30-240.5"), { name: "Oxi", range: [30, 240.5] });
  assert.deepEqual(deviceOf(undefined, undefined), {});
  for (const range of ["240-30", "30", "30-", "a-b", "-30-40"]) {
    assert.throws(() => deviceOf("Oxi", range), TableError, range);
  }
});

Deno.test("describeDevice() says what is not stated", () => {
  assert.equal(
    describeDevice({ name: "Oxi", range: [30, 240] }),
    "Oxi, measuring range 30 to 240 beats/min",
  );
  assert.equal(describeDevice({}), "not stated, range not stated");
});
