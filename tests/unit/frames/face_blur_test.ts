import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import type { Image } from "../../../src/capture/frame.ts";
import { FaceBlur, type FaceFinder } from "../../../src/frames/face_blur.ts";
import type { Box } from "../../../src/vision/region_sample.ts";
import { gradientImage } from "../../support/gradient_image.ts";

const LEFT = { x: 0.2, y: 0.4, width: 0.1, height: 0.1 };
const RIGHT = { x: 0.7, y: 0.4, width: 0.1, height: 0.1 };

/** A blur whose detector finds the faces that the test sets. */
function start() {
  const found: { faces: readonly Box[]; error?: Error; pending?: Promise<void> } = { faces: [] };
  const finder: FaceFinder = {
    async detect() {
      await found.pending;
      if (found.error) throw found.error;
      return found.faces.map((box) => ({ box }));
    },
    [Symbol.dispose]() {},
  };
  const blur = new FaceBlur(finder);
  const apply = (seconds: number, tracked: readonly Box[] = []) => {
    const image = gradientImage(200, 100);
    // A line through both faces.
    image.y.fill(0, 45 * 200, 46 * 200);
    return blur.apply(image, { timeUs: monotonicUs(seconds * 1e6), tracked });
  };
  return { found, blur, apply };
}

/** The faces of which no detail is left. */
function blurred(image: Image | undefined): string[] {
  assert(image);
  const isBlurred = ({ x }: Box) => image.y[45 * 200 + Math.round((x + 0.05) * 200)]! > 40;
  return [...isBlurred(LEFT) ? ["left"] : [], ...isBlurred(RIGHT) ? ["right"] : []];
}

Deno.test("FaceBlur blurs the faces that it finds in the frame itself and those that are tracked", async () => {
  const { found, apply } = start();
  assert.deepEqual(blurred(await apply(0)), []);
  found.faces = [LEFT];
  assert.deepEqual(blurred(await apply(0.1)), ["left"]);
  assert.deepEqual(blurred(await apply(0.2, [RIGHT])), ["left", "right"]);
});

Deno.test("FaceBlur blurs the place of a face for 2 s after it was last found there", async () => {
  const { found, apply } = start();
  found.faces = [LEFT];
  await apply(0);
  await apply(0.5);
  found.faces = [];
  for (const seconds of [0.6, 1.5, 2.5]) {
    assert.deepEqual(blurred(await apply(seconds)), ["left"], `${seconds}`);
  }
  assert.deepEqual(blurred(await apply(2.6)), []);
});

Deno.test("FaceBlur leaves the image as it is and changes a copy", async () => {
  const { found, blur } = start();
  found.faces = [LEFT];
  const image = gradientImage(200, 100, { padding: 3 });
  const before = image.y.slice();
  await blur.apply(image, { timeUs: monotonicUs(0), tracked: [] });
  assert.deepEqual(image.y, before);
});

Deno.test("FaceBlur passes no frame that the detector did not search", async () => {
  const { found, apply } = start();
  found.error = new Error("no memory");
  await assert.rejects(apply(0), /no memory/);
  delete found.error;
  const { promise, resolve } = Promise.withResolvers<void>();
  found.pending = promise;
  const first = apply(0.1);
  assert.equal(await apply(0.2), undefined);
  resolve();
  assert.deepEqual(blurred(await first), []);
  assert.deepEqual(blurred(await apply(0.3)), []);
});

Deno.test("FaceBlur waits for a search before it frees the detector", async () => {
  const steps: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const blur = new FaceBlur({
    detect: () => promise.then(() => (steps.push("searched"), [])),
    [Symbol.dispose]: () => void steps.push("freed"),
  });
  const applied = blur.apply(gradientImage(20, 10), { timeUs: monotonicUs(0), tracked: [] });
  const closed = blur[Symbol.asyncDispose]();
  resolve();
  await Promise.all([applied, closed]);
  assert.deepEqual(steps, ["searched", "freed"]);
});

Deno.test("FaceBlur finds faces of a lower score than those that are measured", async () => {
  const thresholds: (number | undefined)[] = [];
  const blur = new FaceBlur({
    detect: (_image, options) => {
      thresholds.push(options?.threshold);
      return Promise.resolve([]);
    },
    [Symbol.dispose]() {},
  });
  await blur.apply(gradientImage(20, 10), { timeUs: monotonicUs(0), tracked: [] });
  assert.deepEqual(thresholds.map((each) => each !== undefined && each < 0.5), [true]);
});

/** The faces that are blurred after a box has changed in steps, all within the last 2 s. */
async function blurredAfter(steps: number, boxOf: (step: number) => Box): Promise<string[]> {
  const { found, apply } = start();
  let image: Image | undefined;
  for (let step = 0; step <= steps; step++) {
    found.faces = [boxOf(step)];
    image = await apply(step * 0.05);
  }
  return blurred(image);
}

Deno.test("FaceBlur keeps the newest of places that differ by less than a tenth of the width", async () => {
  const moving: Record<string, (by: number) => (step: number) => Box> = {
    "to the right": (by) => (step) => ({ ...LEFT, x: LEFT.x + step * by }),
    "downward": (by) => (step) => ({ ...LEFT, y: LEFT.y + step * by }),
    "in height": (by) => (step) => ({ ...LEFT, y: 0.2, height: 0.3 - step * by }),
  };
  for (const [direction, boxOf] of Object.entries(moving)) {
    assert.deepEqual(await blurredAfter(20, boxOf(0.009)), [], direction);
    assert.deepEqual(await blurredAfter(20, boxOf(0.011)), ["left"], direction);
  }
});

Deno.test("FaceBlur keeps the newest of places whose widths differ by less than a tenth", async () => {
  const narrower = (factor: number) => (step: number) => ({
    ...LEFT,
    x: 0.45,
    width: 0.3 * factor ** step,
  });
  assert.deepEqual(await blurredAfter(20, narrower(0.92)), []);
  assert.deepEqual(await blurredAfter(8, narrower(0.85)), ["right"]);
});
