import assert from "node:assert/strict";
import fc from "fast-check";
import { monotonicUs } from "../../../src/base/time.ts";
import type { Image } from "../../../src/capture/frame.ts";
import type { Rgb } from "../../../src/vision/color.ts";
import { GrayscaleDetector } from "../../../src/vision/grayscale_detector.ts";
import { Random } from "../../support/random.ts";
import { grey, paint } from "../../support/yuv.ts";

const SIZE = { width: 160, height: 120 } as const;
const FRAME_US = 33_333;
const NEUTRAL_SKIN: Rgb = { r: 120, g: 120, b: 120 };
const SKIN: Rgb = { r: 150, g: 110, b: 90 };

/** An image in shades of gray, whose chroma differs from neutral in a share of its width. */
function image({ luma = 110, chroma = 0, coloredShare = 1 } = {}): Image {
  return paint(SIZE, (x, y) => {
    const offset = x <= coloredShare * SIZE.width ? chroma : 0;
    return [luma + (y / SIZE.height) * 10, 128 - offset, 128 + offset];
  });
}

const GRAY = image();
const COLORED = image({ chroma: 12 });

/** Feeds frames, and returns for how many seconds the first state lasted; Infinity if it stayed. */
class Camera {
  readonly detector = new GrayscaleDetector();
  #timeUs = 0;

  show(shown: Image | (() => Image), skin: Rgb | undefined, seconds: number): number {
    const before = this.detector.isGrayscale;
    const startUs = this.#timeUs;
    let changedUs = Infinity;
    for (; this.#timeUs < startUs + seconds * 1e6; this.#timeUs += FRAME_US) {
      const frame = typeof shown === "function" ? shown() : shown;
      const isGrayscale = this.detector.push(frame, { timeUs: monotonicUs(this.#timeUs), skin });
      if (isGrayscale !== before) changedUs = Math.min(changedUs, this.#timeUs);
    }
    return (changedUs - startUs) / 1e6;
  }
}

Deno.test("GrayscaleDetector finds a format without chroma in its first frame", () => {
  const camera = new Camera();
  assert.equal(camera.show(grey(GRAY), undefined, 0.03), 0);
  assert.equal(camera.detector.isGrayscale, true);
});

Deno.test("GrayscaleDetector finds neutral chroma after a second, and color after another", () => {
  const camera = new Camera();
  for (
    const [shown, skin] of [[GRAY, NEUTRAL_SKIN], [COLORED, SKIN], [GRAY, NEUTRAL_SKIN]] as const
  ) {
    const seconds = camera.show(shown, skin, 3);
    assert.ok(seconds > 0.95 && seconds < 1.1, `after ${seconds} s`);
  }
});

Deno.test("GrayscaleDetector ignores contradictions that are shorter than a second", () => {
  const camera = new Camera();
  for (let k = 0; k < 5; k++) {
    assert.equal(camera.show(GRAY, NEUTRAL_SKIN, 0.9), Infinity);
    assert.equal(camera.show(COLORED, SKIN, 0.1), Infinity);
  }
});

Deno.test("GrayscaleDetector counts a gap between two frames as at most 0.2 s", () => {
  const detector = new GrayscaleDetector();
  const at = (second: number) =>
    detector.push(GRAY, { timeUs: monotonicUs(second * 1e6), skin: NEUTRAL_SKIN });
  assert.deepEqual([0, 10, 20, 30, 40].map(at), [false, false, false, false, false]);
  assert.equal(at(50), true);
});

Deno.test("GrayscaleDetector needs a face: a gray room may have a color camera", () => {
  assert.equal(new Camera().show(GRAY, undefined, 5), Infinity);
});

for (
  const [what, shown, skin, isFound] of [
    ["2 levels of chroma", image({ chroma: 2 }), NEUTRAL_SKIN, true],
    ["3 levels of chroma", image({ chroma: 3 }), NEUTRAL_SKIN, false],
    [
      "color in 1/160 of the image",
      image({ chroma: 40, coloredShare: 1 / 160 }),
      NEUTRAL_SKIN,
      true,
    ],
    ["color in 6 % of the image", image({ chroma: 40, coloredShare: 0.06 }), NEUTRAL_SKIN, false],
    ["a skin saturation of 0.02", GRAY, { r: 101, g: 100, b: 99 }, true],
    ["a skin saturation of 0.04", GRAY, { r: 102, g: 100, b: 98 }, false],
    ["a luma of 26", image({ luma: 26 }), { r: 30, g: 30, b: 30 }, true],
    ["a luma of 10", image({ luma: 10 }), { r: 12, g: 12, b: 12 }, false],
    ["a luma of 240", image({ luma: 240 }), { r: 240, g: 240, b: 240 }, false],
  ] as const
) {
  Deno.test(`GrayscaleDetector ${isFound ? "accepts" : "does not accept"} ${what}`, () => {
    assert.equal(new Camera().show(shown, skin, 3) < 3, isFound);
  });
}

for (
  const [what, shown, skin, isEnded] of [
    ["2 % of color", image({ chroma: 40, coloredShare: 0.02 }), NEUTRAL_SKIN, false],
    ["6 % of color", image({ chroma: 40, coloredShare: 0.06 }), NEUTRAL_SKIN, true],
    ["a skin saturation of 0.05", GRAY, { r: 102.5, g: 100, b: 97.5 }, false],
    ["a skin saturation of 0.07", GRAY, { r: 103.5, g: 100, b: 96.5 }, true],
    ["a dark image", image({ luma: 10, chroma: 4 }), undefined, false],
    ["no face", GRAY, undefined, false],
  ] as const
) {
  Deno.test(`GrayscaleDetector ${isEnded ? "ends" : "continues"} with ${what}`, () => {
    const camera = new Camera();
    camera.show(GRAY, NEUTRAL_SKIN, 2);
    assert.equal(camera.show(shown, skin, 3) < 3, isEnded);
  });
}

Deno.test("GrayscaleDetector does not take a color camera in the dark for a grayscale one", () => {
  const random = new Random(5);
  const dark = (chroma: number, noise: number) => () =>
    paint(SIZE, (x) => {
      const face = x > 60 && x < 100 ? chroma : 0;
      return [
        32 + 3 * random.normal(),
        128 - face + noise * random.normal(),
        128 + face + noise * random.normal(),
      ];
    });
  const skin = { r: 41, g: 34, b: 29 };
  // Color with little noise, as of a compressed stream; noise alone; and both.
  for (const [chroma, noise] of [[4, 0.3], [0, 2], [4, 2]] as const) {
    assert.equal(new Camera().show(dark(chroma, noise), skin, 2), Infinity);
  }
  // The image alone is too noisy, even if the mean color of the skin is neutral.
  assert.equal(new Camera().show(dark(0, 2), { r: 32, g: 32, b: 32 }, 2), Infinity);
});

Deno.test("GrayscaleDetector changes after at least a second of frames that contradict it", () => {
  fc.assert(fc.property(
    fc.array(
      fc.record({
        shown: fc.constantFrom("gray", "color", "dark"),
        stepUs: fc.integer({ min: 1_000, max: 400_000 }),
      }),
      { maxLength: 60 },
    ),
    (frames) => {
      const images = { gray: GRAY, color: COLORED, dark: image({ luma: 10 }) };
      const skins = { gray: NEUTRAL_SKIN, color: SKIN, dark: { r: 10, g: 10, b: 10 } };
      const detector = new GrayscaleDetector();
      let timeUs = 0, contradictedUs = 0;
      for (const { shown, stepUs } of frames) {
        timeUs += stepUs;
        const before = detector.isGrayscale;
        const after = detector.push(images[shown], {
          timeUs: monotonicUs(timeUs),
          skin: skins[shown],
        });
        const isContrary = shown === (before ? "color" : "gray");
        if (isContrary) contradictedUs += stepUs;
        else if (shown !== "dark") contradictedUs = 0;
        if (after === before) continue;
        assert.ok(isContrary && contradictedUs >= 1_000_000, `after ${contradictedUs} us`);
        contradictedUs = 0;
      }
    },
  ));
});
