import assert from "node:assert/strict";
import fc from "fast-check";
import { BufferPool } from "../../../../src/capture/buffer_pool.ts";
import { VidStreamError } from "../../../../src/capture/libcamera/metadata_parser.ts";
import {
  JpegCollector,
  RawCollector,
  VidDemuxer,
  type VidFrame,
} from "../../../../src/capture/libcamera/vid_demuxer.ts";
import { patternJpegs } from "../../../support/camera_recording.ts";
import { concatenate, inParts, paddedFrame, vidStream } from "../../../support/vid_stream.ts";

const SIZE = { width: 32, height: 16 };
const [jpeg] = await patternJpegs({ count: 1 });

/** Frame `k`, whose samples are `k`, and its metadata with the time `k`. */
const rawFrame = (k: number, options: { stride?: number; padding?: number } = {}) =>
  paddedFrame({ ...SIZE, stride: 32, values: [k, k, k], ...options });
const timeOf = (k: number) => [["SensorTimestamp", k * 1_000_000], ["AeLocked", "true"]] as const;

function rawDemuxer(size = SIZE): VidDemuxer {
  return new VidDemuxer(new RawCollector(() => size, new BufferPool()));
}

/** Splits a stream in parts of these lengths. */
function demux(
  demuxer: VidDemuxer,
  stream: Uint8Array<ArrayBuffer>,
  lengths: readonly number[] = [stream.length],
): VidFrame[] {
  const frames: VidFrame[] = [];
  inParts(stream, lengths, (part) => frames.push(...demuxer.push(part)));
  return frames;
}

/** Checks that each frame has its own time, and returns the times. */
function timesOf(frames: readonly VidFrame[]): number[] {
  return frames.map(({ data, metadata }) => {
    const k = metadata.sensorUs! / 1_000;
    assert.equal(data[0], k, "a frame has the time of another one");
    return k;
  });
}

Deno.test("VidDemuxer gives each raw frame its own metadata, whatever the parts and the padding", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1 }),
    fc.constantFrom({ stride: 32 }, { stride: 64 }, { stride: 288 }, { stride: 64, padding: 100 }),
    fc.integer({ min: 1, max: 6 }),
    (lengths, padding, count) => {
      const frames = Array.from({ length: count }, (_, i) => i + 1);
      const stream = vidStream(
        frames.map((k) => ({ frame: rawFrame(k, padding), fields: timeOf(k) })),
      );
      const demuxer = rawDemuxer();
      const split = demux(demuxer, stream, lengths);
      assert.deepEqual(timesOf(split), frames);
      for (const [i, { data, layout }] of split.entries()) {
        assert.deepEqual(data, rawFrame(i + 1, padding));
        assert.equal(layout?.stride, padding.stride);
      }
      assert.equal(demuxer.unmatched, 0);
    },
  ));
});

Deno.test("VidDemuxer yields a frame as soon as its last field has arrived", () => {
  const demuxer = rawDemuxer();
  const stream = vidStream([{ frame: rawFrame(1), fields: timeOf(1) }]);
  assert.deepEqual(demux(demuxer, stream.slice(0, -1)), []);
  assert.deepEqual(timesOf(demux(demuxer, stream.slice(-1))), [1]);
});

Deno.test("VidDemuxer gives each JPEG its own metadata", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }),
      (lengths) => {
        const stream = vidStream([1, 2, 3].map((k) => ({ frame: jpeg!, fields: timeOf(k) })));
        const frames = demux(new VidDemuxer(new JpegCollector()), stream, lengths);
        assert.deepEqual(frames.map(({ metadata }) => metadata.sensorUs), [1_000, 2_000, 3_000]);
        for (const { data } of frames) assert.deepEqual(data, jpeg);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("VidDemuxer discards frames without metadata, and no frame gets that of another", () => {
  fc.assert(fc.property(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 1, max: 1_500 }),
    (hasObject, length) => {
      // A longer gap ends the stream.
      fc.pre(!hasObject.map((has) => has ? "1" : "0").join("").includes("000"));
      const kept = [true, ...hasObject, true];
      const stream = vidStream(kept.map((has, i) => ({
        frame: rawFrame(i + 1),
        fields: has ? timeOf(i + 1) : undefined,
      })));
      const demuxer = rawDemuxer();
      const times = timesOf(demux(demuxer, stream, [length]));
      assert.deepEqual(times, kept.flatMap((has, i) => has ? [i + 1] : []));
      assert.equal(demuxer.unmatched, kept.filter((has) => !has).length);
    },
  ));
});

Deno.test("VidDemuxer refuses a stream in which frames are no longer followed by metadata", () => {
  const streamOf = (missing: number) =>
    vidStream([1, 2, 3, 4, 5, 6].map((k) => ({
      frame: rawFrame(k),
      fields: k > 1 && k <= 1 + missing ? undefined : timeOf(k),
    })));
  assert.deepEqual(timesOf(demux(rawDemuxer(), streamOf(3))), [1, 5, 6]);
  assert.throws(() => demux(rawDemuxer(), streamOf(4)), VidStreamError);
});

Deno.test("VidDemuxer refuses more metadata than frames, and never misplaces a time", () => {
  for (const collector of ["raw", "jpeg"] as const) {
    const frame = collector === "raw" ? rawFrame : () => jpeg!;
    const nothing = new Uint8Array(0);
    const stream = vidStream(
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((k) => ({
        frame: k === 3 ? nothing : frame(k),
        fields: timeOf(k),
      })),
    );
    const demuxer = collector === "raw" ? rawDemuxer() : new VidDemuxer(new JpegCollector());
    const frames: VidFrame[] = [];
    assert.throws(() => {
      for (const each of demuxer.push(stream)) frames.push(each);
    }, VidStreamError);
    assert.deepEqual(frames.map(({ metadata }) => metadata.sensorUs), [1_000, 2_000]);
  }
});

Deno.test("VidDemuxer refuses frames of another size", () => {
  const streamOf = (size: { width: number; height: number }) =>
    vidStream([1, 2, 3, 4].map((k) => ({
      frame: paddedFrame({ ...size, stride: size.width, values: [k, k, k] }),
      fields: timeOf(k),
    })));
  for (const size of [{ width: 32, height: 640 }, { width: 640, height: 480 }]) {
    assert.throws(() => demux(rawDemuxer(), streamOf(size)), VidStreamError);
  }
  const smaller = concatenate([streamOf({ width: 16, height: 16 }), new Uint8Array(100_000)]);
  assert.throws(() => demux(rawDemuxer(), smaller), VidStreamError);
});

Deno.test("VidDemuxer accepts any bytes, or refuses them", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.boolean(), (bytes, isJpeg) => {
    const demuxer = isJpeg ? new VidDemuxer(new JpegCollector()) : rawDemuxer();
    try {
      demux(demuxer, vidStream([{ frame: rawFrame(1), fields: timeOf(1) }]));
      demux(demuxer, Uint8Array.from(bytes), [7]);
    } catch (error) {
      assert.ok(error instanceof VidStreamError);
    }
  }));
});
