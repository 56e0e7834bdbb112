import assert from "node:assert/strict";
import { NutDemuxer } from "../../../../src/capture/ffmpeg/nut_demuxer.ts";
import { NutWriter } from "../../../../src/capture/ffmpeg/nut_writer.ts";

function demux(...parts: readonly Uint8Array[]) {
  const demuxer = new NutDemuxer();
  return { demuxer, frames: parts.flatMap((part) => [...demuxer.push(part)]) };
}

Deno.test("NutWriter.header() is the same as ffmpeg has always read", () => {
  const header = new NutWriter({ fourcc: "I420", width: 640, height: 480 }).header();
  assert.equal(
    header.toHex(),
    "6e75742f6d756c74696d6564696120636f6e7461696e657200" +
      // Version 3, one stream, max_distance 65536, time base 1/1000000, one row of 255 codes.
      "4e4d7a561f5f04ad" + "18" + "03018480000101bd8440" + "69060001000000817f" + "00" +
      "b35289ae" +
      // Stream 0 is video I420, msb_pts_shift 7, max_pts_distance 1 s, 640 x 480.
      "4e5311405bf2f9db" + "1a" + "00000449343230" + "0007bd8440000000" + "850083600101005191a3ec",
  );
});

Deno.test("NutWriter describes one video stream of its format and size", () => {
  for (const [width, height] of [[1, 127], [128, 1080], [1920, 65535]] as const) {
    const writer = new NutWriter({ fourcc: "GREY", width, height });
    const { demuxer, frames } = demux(writer.header());
    assert.deepEqual(frames, []);
    assert.equal(demuxer.atBoundary, true);
    assert.deepEqual(demuxer.streams, [{
      id: 0,
      video: true,
      fourcc: "GREY",
      timeBase: { num: 1, den: 1_000_000 },
      msbPtsShift: 7,
      width,
      height,
    }]);
  }
});

Deno.test("NutWriter.frameHeader() gives each image its time in microseconds and its size", () => {
  const writer = new NutWriter({ fourcc: "I420", width: 16, height: 16 });
  const images = [
    { ptsUs: 0, bytes: 1 },
    { ptsUs: 127, bytes: 127 },
    { ptsUs: 128, bytes: 128 },
    { ptsUs: 33_333, bytes: 16_384 },
    { ptsUs: 24 * 3600 * 1e6, bytes: 70_000 },
    { ptsUs: 1_700_000_000_000_000, bytes: 0 },
  ];
  const parts = images.flatMap(({ ptsUs, bytes }, i) => [
    writer.frameHeader(bytes, { ptsUs }),
    new Uint8Array(bytes).fill(i + 1),
  ]);
  const { frames } = demux(writer.header(), ...parts);
  assert.deepEqual(frames.map(({ ptsUs, data }) => ({ ptsUs, bytes: data.length })), images);
  for (const [i, { data }] of frames.entries()) assert.ok(data.every((byte) => byte === i + 1));
});

Deno.test("NutWriter.frameHeader() starts with a syncpoint, so that an image does not need the one before", () => {
  const writer = new NutWriter({ fourcc: "I420", width: 16, height: 16 });
  assert.equal(
    writer.frameHeader(384, { ptsUs: 1_000_000 }).toHex(),
    // The syncpoint at 1000000 us, which refers to no earlier one; the frame's time plus 128.
    "4e4be4adeeca4569" + "08bd844000" + "481b8527" + "00bd85408300" + "2501a733",
  );
});

Deno.test("NutWriter writes what ffmpeg reads, with every time", async () => {
  const writer = new NutWriter({ fourcc: "I420", width: 2, height: 2 });
  const image = (ptsUs: number) => [...writer.frameHeader(6, { ptsUs }), 1, 2, 3, 4, 5, 6];
  const child = new Deno.Command("ffmpeg", {
    args: ["-loglevel", "error", "-copyts", "-f", "nut", "-i", "pipe:0"]
      .concat(["-c", "copy", "-f", "framecrc", "pipe:1"]),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(Uint8Array.from([...writer.header(), ...image(250_000), ...image(291_234)]));
  await input.close();
  const { stdout } = await child.output();
  const rows = new TextDecoder().decode(stdout).split("\n").filter((line) => /^\d/.test(line));
  const times = rows.map((row) => row.split(",").map(Number).slice(1, 3));
  assert.deepEqual(times, [[250_000, 250_000], [291_234, 291_234]]);
});
