import assert from "node:assert/strict";
import fc from "fast-check";
import { type DecodedImage, JpegDecoder } from "../../../ffi/jpeg.ts";
import { NativeError } from "../../../ffi/library.ts";
import { assetPath } from "../../../src/base/assets.ts";

const WIDTH = 640;
const HEIGHT = 480;
const PORTRAIT = assetPath("portrait");

/** A JPEG by ffmpeg's encoder: the portrait, or a pattern with fine detail and pure colours. */
async function encode(
  pixelFormat: string,
  { quality = 3, size = `${WIDTH}x${HEIGHT}`, portrait = false } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const input = portrait
    ? ["-i", PORTRAIT, "-vf", `scale=${size.replace("x", ":")}`]
    : ["-f", "lavfi", "-i", `testsrc2=s=${size}:d=0.1`];
  const { stdout } = await new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", ...input],
      ...["-frames:v", "1", "-pix_fmt", pixelFormat, "-q:v", String(quality)],
      ...["-f", "mjpeg", "-"],
    ],
  }).output();
  return stdout;
}

/** The planes of ffmpeg's own decoder, at full size. */
async function decodeByFfmpeg(jpeg: Uint8Array, pixelFormat: string): Promise<Uint8Array> {
  const process = new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", "-f", "mjpeg", "-i", "-"],
      ...["-pix_fmt", pixelFormat, "-f", "rawvideo", "-"],
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(jpeg);
  await writer.close();
  return (await process.output()).stdout;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const WHOLE = [{ x: 0, y: 0, width: 1, height: 1 }];
/** Rectangles of cheeks and forehead: on whole pixels at half scale, not aligned with blocks. */
const FACE_REGIONS = [[134, 50, 38, 18], [118, 82, 22, 18], [162, 82, 22, 14]].map(
  ([x, y, width, height]) => ({
    x: x! / 320,
    y: y! / 240,
    width: width! / 320,
    height: height! / 240,
  }),
);

/** Mean of a plane over a rectangle in fractions of the plane. */
function mean(plane: Uint8Array, stride: number, width: number, height: number, at: Rectangle) {
  let sum = 0, count = 0;
  for (let y = Math.round(at.y * height); y < Math.round((at.y + at.height) * height); y++) {
    for (let x = Math.round(at.x * width); x < Math.round((at.x + at.width) * width); x++) {
      sum += plane[y * stride + x]!;
      count++;
    }
  }
  return sum / count;
}

const chromaSize = (size: number, shift: number) => (size + shift) >> shift;

function assertSamePlanes(
  picture: DecodedImage,
  full: Uint8Array,
  shifts: readonly [number, number],
  regions: readonly Rectangle[],
) {
  const fullChroma = [chromaSize(WIDTH, shifts[0]), chromaSize(HEIGHT, shifts[1])] as const;
  const planes = [
    { own: picture.y, stride: picture.yStride, at: 0, size: [WIDTH, HEIGHT] as const },
    { own: picture.u!, stride: picture.uvStride, at: WIDTH * HEIGHT, size: fullChroma },
    {
      own: picture.v!,
      stride: picture.uvStride,
      at: WIDTH * HEIGHT + fullChroma[0] * fullChroma[1],
      size: fullChroma,
    },
  ];
  const ownChroma = [
    chromaSize(picture.width, picture.chromaShiftX),
    chromaSize(picture.height, picture.chromaShiftY),
  ] as const;
  planes.forEach(({ own, stride, at, size }, index) => {
    const [width, height] = index === 0 ? [picture.width, picture.height] : ownChroma;
    const reference = full.subarray(at, at + size[0] * size[1]);
    for (const region of regions) {
      const found = mean(own, stride, width, height, region);
      const expected = mean(reference, size[0], size[0], size[1], region);
      assert.ok(Math.abs(found - expected) < 0.5, `plane ${index}: ${found}, not ${expected}`);
    }
  });
}

const FORMATS = [
  { format: "yuvj420p", shifts: [1, 1] },
  { format: "yuvj422p", shifts: [1, 0] },
  { format: "yuvj444p", shifts: [0, 0] },
] as const;

for (const { format, shifts } of FORMATS) {
  Deno.test(`JpegDecoder.decode() has the mean of ffmpeg for ${format} at every scale and quality`, async () => {
    using decoder = new JpegDecoder();
    for (const quality of [2, 8, 20]) {
      const jpeg = await encode(format, { quality });
      const full = await decodeByFfmpeg(jpeg, format);
      for (const [minWidth, scale] of [[0, 1], [320, 2], [160, 4], [80, 8]] as const) {
        using picture = await decoder.decode(jpeg, { minWidth });
        assert.deepEqual([picture.width, picture.height], [WIDTH / scale, HEIGHT / scale]);
        assert.deepEqual([picture.fullWidth, picture.fullHeight], [WIDTH, HEIGHT]);
        assert.deepEqual(picture.color, { range: "full", matrix: "bt601" });
        assertSamePlanes(picture, full, shifts, WHOLE);
      }
    }
  });

  Deno.test(`JpegDecoder.decode() keeps the mean of face regions in ${format} at half scale`, async () => {
    using decoder = new JpegDecoder();
    for (const quality of [2, 8]) {
      const jpeg = await encode(format, { quality, portrait: true });
      const full = await decodeByFfmpeg(jpeg, format);
      using picture = await decoder.decode(jpeg, { minWidth: 320 });
      assertSamePlanes(picture, full, shifts, FACE_REGIONS);
    }
  });
}

Deno.test("JpegDecoder.decode() crops a size that is no multiple of a block", async () => {
  using decoder = new JpegDecoder();
  const jpeg = await encode("yuvj420p", { size: "334x250" });
  for (const [minWidth, width, height] of [[0, 334, 250], [160, 167, 125], [80, 84, 63]]) {
    using picture = await decoder.decode(jpeg, { minWidth: minWidth! });
    assert.deepEqual([picture.width, picture.height], [width, height]);
  }
});

Deno.test("JpegDecoder.decode() rejects a broken JPEG with the reason, and decodes the next one", async () => {
  using decoder = new JpegDecoder();
  const jpeg = await encode("yuvj420p");
  const huge = jpeg.slice();
  const sof = huge.findIndex((byte, at) => byte === 0xff && huge[at + 1] === 0xc0);
  huge.fill(0xf0, sof + 5, sof + 9); // 61680 by 61680
  const broken: readonly [string, Uint8Array<ArrayBuffer>, RegExp][] = [
    ["nothing", new Uint8Array(0), /Empty input/],
    ["garbage", new Uint8Array(1000).fill(0x5a), /Not a JPEG/],
    ["half", jpeg.slice(0, jpeg.length / 2), /Premature end/],
    ["no end marker", jpeg.slice(0, -2), /Premature end/],
    ["the header only", jpeg.slice(0, sof + 20), /Premature end/],
    ["huge dimensions", huge, /61680x61680/],
  ];
  for (const [what, bytes, reason] of broken) {
    await assert.rejects(decoder.decode(bytes), (error) => {
      assert.ok(error instanceof NativeError, what);
      assert.equal(error.status, "format", what);
      assert.match(error.message, reason, what);
      return true;
    });
  }
  using picture = await decoder.decode(jpeg);
  assert.equal(picture.width, WIDTH);
});

Deno.test("JpegDecoder.decode() decodes several JPEGs concurrently", async () => {
  using decoder = new JpegDecoder();
  const formats = ["yuvj420p", "yuvj422p", "yuvj444p"];
  const jpegs = await Promise.all(formats.map((format) => encode(format)));
  const alone = await Promise.all(jpegs.map((jpeg) => decoder.decode(jpeg)));
  const together = await Promise.all(
    Array.from({ length: 30 }, (_, i) => decoder.decode(jpegs[i % 3]!)),
  );
  together.forEach((picture, i) => assert.deepEqual(picture.y, alone[i % 3]!.y));
});

Deno.test("JpegDecoder.decode() survives any damage to a JPEG", async () => {
  using decoder = new JpegDecoder();
  const jpeg = await encode("yuvj422p", { quality: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(jpeg.length - 1), fc.nat(255)), { maxLength: 20 }),
      fc.nat(jpeg.length),
      async (changes, length) => {
        const damaged = jpeg.slice(0, length);
        for (const [at, value] of changes) damaged[at] = value;
        try {
          using picture = await decoder.decode(damaged, { minWidth: 320 });
          assert.ok(picture.width > 0);
        } catch (error) {
          assert.ok(error instanceof NativeError);
        }
      },
    ),
    { numRuns: 300 },
  );
});
