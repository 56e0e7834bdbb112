import assert from "node:assert/strict";
import type { PixelRectangle, RegionMeter } from "../../../ffi/regions.ts";
import { TrackedPatch } from "../../../src/vision/tracked_patch.ts";

const RECTANGLE = { x: 100, y: 60, width: 40, height: 30 } as const;

/** A patch on a meter that records what it tracks and whose content is at `y`. */
function start(options: { motion: number; region?: number } = { motion: 1 }) {
  const tracked: (readonly [number, PixelRectangle | undefined, number | undefined])[] = [];
  const meter = {
    y: 0,
    confidence: 0.8,
    track: (...args: (typeof tracked)[number]) => void tracked.push(args),
    position(motion: number) {
      return { x: 7, y: motion === options.motion ? this.y : 999, confidence: this.confidence };
    },
  };
  return { meter, tracked, patch: new TrackedPatch(meter as unknown as RegionMeter, options) };
}

Deno.test("TrackedPatch.moveTo() tracks its rectangle in its region, by default in none", () => {
  const { patch, tracked } = start({ motion: 0, region: 6 });
  patch.moveTo(RECTANGLE);
  assert.deepEqual(tracked, [[0, RECTANGLE, 6]]);
  const whole = start({ motion: 1 });
  whole.patch.moveTo(RECTANGLE);
  assert.deepEqual(whole.tracked, [[1, RECTANGLE, -1]]);
});

for (const edge of ["left", "right", "top", "bottom"] as const) {
  Deno.test(`TrackedPatch.moveTo() ignores a move of the ${edge} edge within the tolerance`, () => {
    for (const sign of [-1, 1]) {
      const movedBy = (pixels: number) => {
        const d = sign * pixels;
        const { x, y, width, height } = RECTANGLE;
        return {
          left: { x: x + d, y, width: width - d, height },
          right: { x, y, width: width + d, height },
          top: { x, y: y + d, width, height: height - d },
          bottom: { x, y, width, height: height + d },
        }[edge];
      };
      const { patch, tracked } = start();
      patch.moveTo(RECTANGLE);
      patch.moveTo(movedBy(5), 5);
      assert.equal(tracked.length, 1);
      patch.moveTo(movedBy(5.1), 5);
      assert.deepEqual(tracked.slice(1), [[1, movedBy(5.1), -1]]);
    }
  });
}

Deno.test("TrackedPatch.moveTo() without a tolerance ignores only the same rectangle", () => {
  const { patch, tracked } = start();
  patch.moveTo(RECTANGLE);
  patch.moveTo({ ...RECTANGLE });
  assert.equal(tracked.length, 1);
  patch.moveTo({ ...RECTANGLE, x: 100.5 });
  assert.equal(tracked.length, 2);
});

Deno.test("TrackedPatch.moveTo() removes the patch once", () => {
  const { patch, tracked } = start();
  patch.moveTo(undefined);
  assert.deepEqual(tracked, []);
  patch.moveTo(RECTANGLE);
  patch.moveTo(undefined);
  patch.moveTo(undefined);
  assert.deepEqual(tracked.slice(1), [[1, undefined, -1]]);
  assert.equal(patch.takeDisplacement(480), undefined);
});

Deno.test("TrackedPatch.takeDisplacement() returns the motion since the previous call in image heights", () => {
  const { patch, meter } = start();
  assert.equal(patch.takeDisplacement(480), undefined);
  meter.y = 10;
  patch.moveTo(RECTANGLE);
  meter.y = 12.4;
  assert.equal(patch.takeDisplacement(480)?.dy.toFixed(9), (2.4 / 480).toFixed(9));
  meter.y = 11.4;
  meter.confidence = 0.3;
  assert.deepEqual(patch.takeDisplacement(240), { dy: -1 / 240, confidence: 0.3 });
  assert.equal(patch.takeDisplacement(240)?.dy, 0);
});

Deno.test("TrackedPatch.moveTo() does not count the motion before it", () => {
  const { patch, meter } = start();
  patch.moveTo(RECTANGLE);
  meter.y = 50;
  patch.moveTo({ ...RECTANGLE, x: 200 });
  meter.y = 51;
  assert.equal(patch.takeDisplacement(100)?.dy, 0.01);
});
