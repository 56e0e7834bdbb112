import assert from "node:assert/strict";
import { postureRows } from "../../../../src/capture/simulator/posture.ts";

const PERSON = { left: 100, top: 50, height: 200 } as const;
const PLANE = { width: 400, height: 300, step: 1 } as const;

const rounded = (value: number) => Math.round(1e3 * value) / 1e3;

for (
  const { v, left, right, breath, sway } of [
    // The head is 0.4 to 0.46 of the height wide, the shoulders 0.88, around 0.44 of the height.
    { v: 0, left: 148, right: 228, breath: 0.2, sway: 1 },
    { v: 0.25, left: 145, right: 231, breath: 0.2, sway: 1 },
    { v: 0.4, left: 143, right: 233, breath: 0.2, sway: 1 },
    { v: 0.5, left: 142, right: 234, breath: 0.2, sway: 0.948 },
    { v: 0.52, left: 140, right: 236, breath: 0.2, sway: 0.927 },
    { v: 0.54, left: 138, right: 238, breath: 0.208, sway: 0.903 },
    { v: 0.58, left: 123, right: 253, breath: 0.367, sway: 0.849 },
    { v: 0.615, left: 109, right: 267, breath: 0.6, sway: 0.795 },
    { v: 0.67, left: 104, right: 272, breath: 0.934, sway: 0.702 },
    { v: 0.7, left: 102, right: 274, breath: 1, sway: 0.65 },
    { v: 0.72, left: 100, right: 276, breath: 1, sway: 0.615 },
    { v: 0.86, left: 100, right: 274, breath: 1, sway: 0.397 },
    { v: 1, left: 100, right: 272, breath: 1, sway: 0.3 },
  ]
) {
  Deno.test(`postureRows() outlines the person at ${v} of the height`, () => {
    const rows = postureRows(PERSON, { plane: PLANE, maxSwayPx: 0 });
    const row = 50 + Math.round(200 * v);
    assert.ok(Math.abs(rows.left[row]! - left) <= 1, `left ${rows.left[row]}`);
    assert.ok(Math.abs(rows.right[row]! - right) <= 1, `right ${rows.right[row]}`);
    assert.deepEqual([rounded(rows.breath[row]!), rounded(rows.sway[row]!)], [breath, sway]);
  });
}

Deno.test("postureRows() widens the outline by the sway on both sides", () => {
  const still = postureRows(PERSON, { plane: PLANE, maxSwayPx: 0 });
  const swaying = postureRows(PERSON, { plane: PLANE, maxSwayPx: 7 });
  for (const row of [50, 150, 250]) {
    assert.equal(swaying.left[row], still.left[row]! - 7);
    assert.equal(swaying.right[row], still.right[row]! + 7);
  }
});

Deno.test("postureRows() halves the positions in a plane of half the size", () => {
  const plane = { width: 200, height: 150, step: 2 } as const;
  const whole = postureRows(PERSON, { plane: PLANE, maxSwayPx: 4 });
  const half = postureRows(PERSON, { plane, maxSwayPx: 4 });
  assert.deepEqual([half.firstRow, half.lastRow], [25, 149]);
  for (let row = 25; row < 150; row++) {
    assert.ok(Math.abs(half.left[row]! - whole.left[2 * row]! / 2) <= 1);
    assert.ok(Math.abs(half.right[row]! - whole.right[2 * row]! / 2) <= 1);
    assert.equal(half.breath[row], whole.breath[2 * row]);
    assert.equal(half.sway[row], whole.sway[2 * row]);
  }
});

Deno.test("postureRows() begins at the head and stays within the plane", () => {
  const rows = postureRows(PERSON, { plane: PLANE, maxSwayPx: 0 });
  assert.deepEqual([rows.firstRow, rows.lastRow], [50, 299]);
  assert.deepEqual([rows.right[49], rows.breath[49], rows.sway[49]], [0, 0, 0]);
  const odd = postureRows({ ...PERSON, top: 51 }, {
    plane: { width: 200, height: 150, step: 2 },
    maxSwayPx: 0,
  });
  assert.equal(odd.firstRow, 26);
  const outside = postureRows({ left: -60, top: -20, height: 400 }, {
    plane: { width: 120, height: 100, step: 1 },
    maxSwayPx: 0,
  });
  assert.equal(outside.firstRow, 0);
  assert.ok(outside.left.every((x) => x >= 0) && outside.right.every((x) => x <= 120));
  assert.equal(outside.left[99], 29);
  assert.equal(outside.right[99], 120);
  const beside = postureRows({ left: 500, top: 0, height: 100 }, { plane: PLANE, maxSwayPx: 0 });
  assert.deepEqual([beside.left[50], beside.right[50]], [400, 400]);
});
