import assert from "node:assert/strict";
import { qscaleOf } from "../../../src/frames/jpeg_arguments.ts";
import { packPicture, rawFormatOf } from "../../../src/frames/raw_image.ts";
import { gradientImage } from "../../support/gradient_image.ts";

Deno.test("a packed picture is the same with and without padding behind its rows", () => {
  const [plain, padded] = [0, 13].map((padding) => gradientImage(33, 21, { padding }));
  const format = rawFormatOf(plain!);
  assert.deepEqual(rawFormatOf(padded!), format);
  assert.deepEqual(format.bytes, 33 * 21 + 2 * 17 * 11);
  const [a, b] = [new Uint8Array(format.bytes), new Uint8Array(format.bytes)];
  packPicture(plain!, a);
  packPicture(padded!, b);
  assert.deepEqual(a, b);
});

Deno.test("the quantiser grows as the quality falls, and stays within ffmpeg's range", () => {
  let before = Infinity;
  for (let quality = 1; quality <= 100; quality++) {
    const qscale = qscaleOf(quality);
    assert.ok(qscale >= 1 && qscale <= 60 && qscale <= before);
    before = qscale;
  }
});
