import assert from "node:assert/strict";
import {
  NutDemuxer,
  NutError,
  type NutFrame,
  type NutOptions,
} from "../../../../src/capture/ffmpeg/nut_demuxer.ts";
import {
  checksum,
  type CodeRow,
  mainHeader,
  NUT_MAGIC,
  packet,
  s,
  streamHeader,
  v,
} from "../../../support/nut_bytes.ts";

/** Flags of a frame, from the NUT specification. */
const CODED_PTS = 8;
const STREAM_ID = 16;
const SIZE_MSB = 32;
const CHECKSUM = 64;
const RESERVED = 128;
const SIDE_DATA = 256;
const HEADER_INDEX = 1024;
const MATCH_TIME = 2048;
const CODED_FLAGS = 4096;
const INVALID = 8192;

/** The file id and the headers of streams whose frames have the codes of `rows`. */
function headers(
  rows: readonly CodeRow[],
  { streams = [{}], ...main }: Partial<Parameters<typeof mainHeader>[0]> extends infer Main
    ? Omit<Main, "rows" | "streams"> & { streams?: Parameters<typeof streamHeader>[0][] }
    : never = {},
): number[] {
  return [
    ...NUT_MAGIC,
    ...mainHeader({ rows, streams: streams.length, ...main }),
    ...streams.flatMap((stream) => streamHeader(stream)),
  ];
}

/** A demuxer that was given `bytes`, and the frames that it yielded. */
function demux(bytes: readonly number[], options?: NutOptions) {
  const demuxer = new NutDemuxer(options);
  return { demuxer, frames: [...demuxer.push(Uint8Array.from(bytes))] };
}

const framesOf = (...bytes: (readonly number[])[]) => demux(bytes.flat()).frames;
const contentOf = ({ data }: NutFrame) => [...data];
const timeOf = ({ ptsUs }: NutFrame) => ptsUs;

function refuses(bytes: readonly number[], reason: string, options?: NutOptions): void {
  assert.throws(
    () => demux(bytes, options),
    (error) => error instanceof NutError && error.message === reason,
    reason,
  );
}

Deno.test("NutDemuxer rejects bytes that do not start with the file id", () => {
  assert.throws(() => [...new NutDemuxer().push(new TextEncoder().encode("RIFF"))], NutError);
  const reason = "the stream does not start with the NUT file id";
  refuses(NUT_MAGIC.with(-1, 1), reason);
  refuses(NUT_MAGIC.with(0, 1), reason);
});

Deno.test("NutDemuxer is not at a boundary before the first byte", () => {
  const demuxer = new NutDemuxer();
  assert.deepEqual([...demuxer.push(new Uint8Array(0))], []);
  assert.equal(demuxer.atBoundary, false);
});

Deno.test("NutDemuxer skips an index of any size", () => {
  const start = headers([{ sizeLsb: 2, flags: CODED_PTS }]);
  const frame = [0, ...v(16), 7, 8];
  for (const bytes of [10, 5_000, 3 << 20]) {
    const index = packet("index", Array<number>(bytes).fill(7));
    const stream = Uint8Array.from([...start, ...frame].concat(index, frame));
    for (const cut of [stream.length, 100_000, 1_000]) {
      const demuxer = new NutDemuxer();
      const frames: NutFrame[] = [];
      for (let from = 0; from < stream.length; from += cut) {
        frames.push(...demuxer.push(stream.subarray(from, from + cut)));
      }
      assert.deepEqual(frames.map(contentOf), [[7, 8], [7, 8]], `${bytes} bytes`);
      assert.equal(demuxer.atBoundary, true);
    }
    assert.equal(demux([...start].concat(index.slice(0, -1))).demuxer.atBoundary, false);
  }
});

Deno.test("NutDemuxer.atBoundary is true between headers and frames, and false within one", () => {
  const start = headers([{ sizeLsb: 2, flags: CODED_PTS }]);
  const frame = [0, ...v(16), 7, 8];
  const atBoundary = (bytes: readonly number[]) => demux(bytes).demuxer.atBoundary;
  for (const length of [1, NUT_MAGIC.length - 1, NUT_MAGIC.length + 1, start.length - 1]) {
    assert.equal(atBoundary(start.slice(0, length)), false, `${length}`);
  }
  for (const bytes of [NUT_MAGIC, start, [...start, ...frame]]) {
    assert.equal(atBoundary(bytes), true);
  }
  for (const length of [1, 2, 3]) {
    assert.equal(atBoundary([...start, ...frame.slice(0, length)]), false, `${length}`);
  }
});

Deno.test("NutDemuxer reads the same frames from chunks of any size, which their owner may reuse", () => {
  const rows = [{ flags: CODED_PTS, sizeLsb: 3 }, { ptsDelta: 1, sizeLsb: 2 }, { ptsDelta: 1 }];
  const bytes = [
    ...headers(rows),
    ...packet("syncpoint", [...v(0), 0]),
    ...[0, ...v(16 + 5), 1, 2, 3],
    ...[1, 4, 5],
    2, // a frame without bytes
    ...packet("info", [9, 9]),
    ...[1, 6, 7],
  ];
  for (const size of [1, 2, 3, 7, 64, bytes.length]) {
    const demuxer = new NutDemuxer();
    const frames: NutFrame[] = [];
    const chunk = new Uint8Array(size);
    for (let at = 0; at < bytes.length; at += size) {
      const part = bytes.slice(at, at + size);
      chunk.set(part);
      for (const frame of demuxer.push(chunk.subarray(0, part.length))) frames.push(frame);
      chunk.fill(255);
    }
    assert.deepEqual(frames.map(contentOf), [[1, 2, 3], [4, 5], [], [6, 7]], `${size}`);
    assert.deepEqual(frames.map(timeOf), [200_000, 240_000, 280_000, 320_000]);
    assert.equal(demuxer.atBoundary, true);
  }
});

Deno.test("NutDemuxer gives each frame its time in microseconds, from the time base of its stream", () => {
  const start = headers([{ flags: CODED_PTS | STREAM_ID }], {
    timeBases: [[1001, 30_000], [1, 90_000]],
    streams: [{ id: 0, timeBase: 0 }, { id: 1, timeBase: 1, width: 32, height: 64 }],
  });
  const frames = framesOf(start, [0, 0, ...v(16 + 100)], [0, 1, ...v(16 + 123_456)]);
  assert.deepEqual(frames.map(timeOf), [3_336_667, 1_371_733]);
  assert.deepEqual(frames.map(({ stream: { id, width, height } }) => [id, width, height]), [
    [0, 16, 8],
    [1, 32, 64],
  ]);
});

Deno.test("NutDemuxer takes a short timestamp as the nearest one to the last frame", () => {
  // Four low bits: of 16 values, the last frame is the eighth.
  const start = headers([{ flags: CODED_PTS }], { timeBases: [[1, 1]] });
  const nextAfter = (last: number, next: number) => {
    const frames = framesOf(start, [0, ...v(16 + last)], [0, ...v(((next % 16) + 16) % 16)]);
    return timeOf(frames[1]!) / 1e6;
  };
  for (const last of [0, 7, 8, 100, 1000]) {
    for (const next of [last - 7, last - 1, last, last + 1, last + 8]) {
      assert.equal(nextAfter(last, next), next, `${next} after ${last}`);
    }
    assert.equal(nextAfter(last, last + 9), last - 7);
    assert.equal(nextAfter(last, last - 8), last + 8);
  }
});

Deno.test("NutDemuxer adds the delta of the code to the time of the last frame of its stream", () => {
  const rows = [{ flags: CODED_PTS }, { ptsDelta: 3 }, { ptsDelta: -2, stream: 1 }];
  const start = headers(rows, { streams: [{ id: 0 }, { id: 1 }], timeBases: [[1, 1]] });
  const frames = framesOf(start, [0, ...v(16 + 50)], [1], [2], [1], streamHeader(), [1]);
  assert.deepEqual(frames.map(({ stream, ptsUs }) => [stream.id, ptsUs / 1e6]), [
    [0, 50],
    [0, 53],
    [1, -2],
    [0, 56],
    // A repeated header leaves the time of its stream.
    [0, 59],
  ]);
});

Deno.test("NutDemuxer sets the last time of every stream at a syncpoint, rounded down", () => {
  const start = headers([{ stream: 0 }, { stream: 1 }], {
    timeBases: [[2, 50], [3, 1000]],
    streams: [{ id: 0, timeBase: 0 }, { id: 1, timeBase: 1 }],
  });
  const timesAfter = (coded: number) =>
    framesOf(start, packet("syncpoint", [...v(coded), 0]), [0], [1]).map(timeOf);
  // 900 ticks of 3 ms are 2.7 s, in which 67 ticks of 40 ms are complete.
  assert.deepEqual(timesAfter(900 * 2 + 1), [2_680_000, 2_700_000]);
  // 7 ticks of 40 ms are 0.28 s, in which 93 ticks of 3 ms are complete.
  assert.deepEqual(timesAfter(7 * 2), [280_000, 279_000]);
});

Deno.test("NutDemuxer adds the low part of a frame's size to the multiple of its high part", () => {
  const start = headers([{ flags: SIZE_MSB, sizeLsb: 2, sizeMul: 5 }, { sizeLsb: 4, sizeMul: 9 }]);
  const content = (length: number) => Array.from({ length }, (_, i) => i + 1);
  const frames = framesOf(start, [0, 3, ...content(17)], [0, 0, ...content(2)], [1, ...content(4)]);
  assert.deepEqual(frames.map(contentOf), [content(17), content(2), content(4)]);
});

Deno.test("NutDemuxer puts the elided header before the bytes of a frame", () => {
  const rows = [
    { sizeLsb: 5, elision: 1 },
    { sizeLsb: 2, elision: 1 },
    { sizeLsb: 5, elision: 1, flags: HEADER_INDEX },
    { sizeLsb: 1, elision: 1 },
    { sizeLsb: 1, elision: 3 },
  ];
  const start = headers(rows, { elisions: [[81, 82], [91, 92, 93]] });
  const frames = framesOf(start, [0, 1, 2, 3], [1], [2, 2, 4, 5], [2, 0, 1, 2, 3, 4, 5], [1]);
  assert.deepEqual(frames.map(contentOf), [
    [81, 82, 1, 2, 3],
    [81, 82],
    [91, 92, 93, 4, 5],
    [1, 2, 3, 4, 5],
    [81, 82],
  ]);
  refuses([...start, 3], "a frame is shorter than its elided header");
  refuses([...start, 4], "a frame is shorter than its elided header");
});

Deno.test("NutDemuxer takes no header as elided from a frame of more than 4096 bytes", () => {
  for (const { size, elided } of [{ size: 4096, elided: 2 }, { size: 4097, elided: 0 }]) {
    const start = headers([{ sizeLsb: size, sizeMul: 5000, elision: 1 }], { elisions: [[81, 82]] });
    const rest = Array<number>(size - elided).fill(7);
    const [frame] = framesOf(start, [0, ...rest]);
    assert.deepEqual(contentOf(frame!), [...[81, 82].slice(0, elided), ...rest]);
  }
});

Deno.test("NutDemuxer reads over the fields of a frame header that it does not use", () => {
  const start = headers([
    { flags: RESERVED, sizeLsb: 1, reserved: 9 },
    { flags: MATCH_TIME, sizeLsb: 1 },
    { sizeLsb: 1, reserved: 2 },
  ]);
  const frames = framesOf(
    start,
    [0, 3, ...v(1000), ...v(5), ...v(6), 41],
    [1, ...s(-300), 42],
    [2, ...v(1000), ...v(1000), 43],
    [0, 64, ...Array<number>(64).fill(0), 44],
  );
  assert.deepEqual(frames.map(contentOf), [[41], [42], [43], [44]]);
  refuses([...start, 0, 65], "a frame header is too long");
});

Deno.test("NutDemuxer exchanges the flags of a code for the coded ones where they differ", () => {
  const start = headers([{ flags: CODED_FLAGS | CODED_PTS, sizeLsb: 1, ptsDelta: 1 }]);
  const frames = framesOf(start, [0, 0, ...v(16 + 25), 7], [0, CODED_PTS, 8]);
  assert.deepEqual(frames.map((frame) => [timeOf(frame), ...contentOf(frame)]), [
    [1_000_000, 7],
    [1_040_000, 8],
  ]);
});

Deno.test("NutDemuxer checks the checksum of a frame header", () => {
  const start = headers([{ flags: CHECKSUM | CODED_PTS, sizeLsb: 1 }]);
  const head = [0, ...v(16 + 25)];
  // The checksum covers this header alone, and not what precedes it in the chunk.
  const frame = [...head, ...checksum(head), 7];
  assert.deepEqual(framesOf(start, frame, frame).map(contentOf), [[7], [7]]);
  refuses(
    [...start, ...head, ...checksum(head).with(3, 0), 7],
    "the checksum of a frame header is wrong",
  );
});

Deno.test("NutDemuxer refuses frames that it cannot assign or read", () => {
  const start = headers([{ flags: SIDE_DATA }, { flags: STREAM_ID }, { flags: INVALID }]);
  refuses([...start, 0], "a frame has side data");
  refuses([...start, 1, 1], "a frame belongs to an unknown stream");
  refuses([...start, 2], "a frame has an invalid frame code");
  refuses([...start, 100], "a frame has an invalid frame code");
  refuses([...NUT_MAGIC, 0], "a frame precedes the main header");
});

Deno.test("NutDemuxer accepts frames up to a limit, which is 128 MiB by default", () => {
  for (
    const { maxFrameBytes, limit } of [{ maxFrameBytes: 10, limit: 10 }, { limit: 134_217_728 }]
  ) {
    const start = headers([{ flags: SIZE_MSB }]);
    const sizes: number[] = [];
    const options = {
      ...(maxFrameBytes !== undefined && { maxFrameBytes }),
      allocate: (bytes: number) => {
        sizes.push(bytes);
        return new Uint8Array(1);
      },
    };
    demux([...start, 0, ...v(limit)], options);
    assert.deepEqual(sizes, [limit]);
    refuses(
      [...start, 0, ...v(limit + 1)],
      `a frame of ${limit + 1} bytes is too large`,
      options,
    );
  }
});

Deno.test("NutDemuxer writes a frame to the memory that it was given", () => {
  const memory = new Uint8Array(3);
  const start = headers([{ sizeLsb: 3 }]);
  const { frames } = demux([...start, 0, 5, 6, 7], { allocate: () => memory });
  assert.equal(frames[0]?.data, memory);
  assert.deepEqual([...memory], [5, 6, 7]);
});

Deno.test("NutDemuxer.streams lists the streams whose headers were read", () => {
  const main = [...NUT_MAGIC, ...mainHeader({ rows: [], streams: 3 })];
  assert.deepEqual(demux(main).demuxer.streams, []);
  const { demuxer } = demux([...main, ...streamHeader({ id: 2 }), ...streamHeader({ id: 0 })]);
  assert.deepEqual(demuxer.streams.map(({ id, fourcc }) => [id, fourcc]), [[0, "I420"], [
    2,
    "I420",
  ]]);
});

Deno.test("NutDemuxer refuses a packet that is damaged, misplaced or unknown", () => {
  const info = packet("info", [1, 2, 3]);
  refuses([...NUT_MAGIC, ...info], "a packet precedes the main header");
  const start = headers([]);
  refuses([...start, ...info.with(-5, 9)], "the checksum of a packet is wrong");
  refuses([...start, ...info.with(-1, info.at(-1)! ^ 1)], "the checksum of a packet is wrong");
  refuses([...start, 0x4e, 0, 1, 2, 3, 4, 5, 6], "the startcode 4e00010203040506 is unknown");
  refuses([...start, ...packet("syncpoint", [])], "a packet is too short");
  refuses([...start, ...packet("stream", [0])], "a packet is too short");
});

Deno.test("NutDemuxer accepts packets of 4 bytes to 1 MiB", () => {
  const start = headers([{ sizeLsb: 1 }]);
  const startcode = packet("info", []).slice(0, 8);
  const lengthError = (length: number) => `a packet has an invalid length of ${length} bytes`;
  // The length includes the checksum.
  for (const length of [4, 4096, 4097, 1_048_576]) {
    const info = packet("info", Array<number>(length - 4).fill(1));
    const { frames } = demux(start.concat(info, [0, 7]));
    assert.deepEqual(frames.map(contentOf), [[7]], `${length}`);
  }
  for (const length of [3, 1_048_577]) {
    refuses([...start, ...startcode, ...v(length), 0, 0, 0, 0, 0], lengthError(length));
  }
});

Deno.test("NutDemuxer checks the header of a packet of more than 4096 bytes by itself", () => {
  const start = headers([]);
  const body = Array<number>(4093).fill(1);
  const info = packet("info", body);
  refuses(
    start.concat(info.with(13, info[13]! ^ 1)),
    "the checksum of a packet header is wrong",
  );
});

Deno.test("NutDemuxer refuses a header that does not end within 1 MiB", () => {
  const start = headers([{ flags: CODED_PTS }]);
  // A number whose digits so far are all zero.
  const zeros = (length: number) => Array<number>(length).fill(128);
  assert.deepEqual(demux(start.concat([0], zeros(1_048_575))).frames, []);
  refuses(start.concat([0], zeros(1_048_576)), "a header is too long");
});
