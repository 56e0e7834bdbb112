import assert from "node:assert/strict";
import { packImage, rawFormatOf } from "../../../src/frames/raw_image.ts";
import { gradientImage } from "../../support/gradient_image.ts";

Deno.test("packImage() returns the same bytes with and without row padding", () => {
  const [plain, padded] = [0, 13].map((padding) => gradientImage(33, 21, { padding }));
  const format = rawFormatOf(plain!);
  assert.deepEqual(rawFormatOf(padded!), format);
  assert.deepEqual(format.bytes, 33 * 21 + 2 * 17 * 11);
  const [a, b] = [new Uint8Array(format.bytes), new Uint8Array(format.bytes)];
  packImage(plain!, a);
  packImage(padded!, b);
  assert.deepEqual(a, b);
});
