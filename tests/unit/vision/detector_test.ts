import assert from "node:assert/strict";
import { undoRotation } from "../../../src/vision/detector.ts";

Deno.test("undoRotation() returns to the same point after four quarter turns", () => {
  const point = { x: 0.25, y: 0.75 };
  const once = undoRotation(point, 1);
  assert.deepEqual(undoRotation(once, 1), undoRotation(point, 2));
  assert.deepEqual(undoRotation(undoRotation(undoRotation(once, 1), 1), 1), point);
  assert.deepEqual(undoRotation(undoRotation(point, 1), 3), point);
});
