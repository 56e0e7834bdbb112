import assert from "node:assert/strict";
import { readMainHeader, readStreamHeader } from "../../../../src/capture/ffmpeg/nut_headers.ts";
import { ByteReader, NEED_MORE, NutError } from "../../../../src/capture/ffmpeg/nut_reader.ts";
import { v } from "../../../support/nut_bytes.ts";

const reader = (bytes: readonly number[]) => new ByteReader(Uint8Array.from(bytes));

/** A table of one row, for all codes: flags, then pts_delta 2, size 3, stream 0, lsb 1, count 255. */
const TABLE = [0, 6, 3, 3, 0, 1, 0].flatMap(v).concat(v(255));

function main(
  { version = [3], streams = 1, timeBases = [[1, 25]], table = TABLE, rest = [0] }: {
    version?: readonly number[];
    streams?: number;
    timeBases?: readonly (readonly number[])[];
    table?: readonly number[];
    rest?: readonly number[];
  } = {},
) {
  const start = [...version, streams, 65536, timeBases.length, ...timeBases.flat()];
  return readMainHeader(reader([...start.flatMap(v), ...table, ...rest]));
}

Deno.test("readMainHeader() reads versions 2 to 4, the last with a minor version", () => {
  for (const version of [[2], [3], [4, 9]]) assert.equal(main({ version }).streamCount, 1);
  for (const version of [[1], [5]]) assert.throws(() => main({ version }), /version . is not/);
});

Deno.test("readMainHeader() limits streams to 8 and time bases to 16, each of at least 1", () => {
  assert.equal(main({ streams: 8 }).streamCount, 8);
  for (const streams of [0, 9]) assert.throws(() => main({ streams }), /streams is out of range/);
  const bases = (count: number) => Array.from({ length: count }, (_, i) => [i + 1, 1000]);
  assert.deepEqual(main({ timeBases: bases(16) }).timeBases[15], { num: 16, den: 1000 });
  for (const count of [0, 17]) {
    assert.throws(() => main({ timeBases: bases(count) }), /time bases is out of range/);
  }
  assert.throws(() => main({ timeBases: [[0, 25]] }), /time base is zero/);
  assert.throws(() => main({ timeBases: [[1, 0]] }), /time base is zero/);
});

Deno.test("readMainHeader() gives each code of a row the next size, except that of startcodes", () => {
  const { codes } = main();
  assert.equal(codes.length, 256);
  assert.equal(codes[0x4e]?.flags, 8192);
  const code = { flags: 0, stream: 0, sizeMul: 3, ptsDelta: 2, reserved: 0, elision: 0 };
  assert.deepEqual(codes[0], { ...code, sizeLsb: 1 });
  assert.deepEqual(codes[0x4d], { ...code, sizeLsb: 78 });
  assert.deepEqual(codes[0x4f], { ...code, sizeLsb: 79 });
});

Deno.test("readMainHeader() keeps the values of a row for the next, and takes the rest for 0", () => {
  const row = (...values: readonly number[]) => values.flatMap(v);
  const table = [
    ...row(1, 10, 1, 6, 1, 2, 0, 4, 1, 5, 77, 88), // all fields, and two unknown ones
    ...row(2, 0), // as many codes as size_mul: six
    ...row(4, 4, 2, 250, 0, 4), // size_mul minus the first size: the rest
  ];
  const { codes } = main({ table });
  const first = { flags: 1, stream: 1, sizeMul: 6, ptsDelta: 1, reserved: 0, elision: 5 };
  assert.deepEqual(codes[3], { ...first, sizeLsb: 5 });
  assert.deepEqual(codes[4], { ...first, flags: 2, sizeLsb: 0 });
  assert.deepEqual(codes[9], { ...first, flags: 2, sizeLsb: 5 });
  assert.deepEqual(codes[10], {
    ...first,
    flags: 4,
    stream: 0,
    sizeMul: 250,
    ptsDelta: -1,
    sizeLsb: 4,
  });
});

Deno.test("readMainHeader() reads as many fields of a row as the row says", () => {
  // pts_delta 2, size_mul 6, stream 1, size_lsb 4, reserved 5, count 3, match 0, elision 7, unknown.
  const fields = [3, 6, 1, 4, 5, 3, 0, 7, 9];
  const initial = {
    flags: 8,
    ptsDelta: 0,
    sizeMul: 1,
    stream: 0,
    sizeLsb: 0,
    reserved: 0,
    elision: 0,
  };
  for (
    const { count, change, codes } of [
      { count: 0, change: {}, codes: 1 },
      { count: 1, change: { ptsDelta: 2 }, codes: 1 },
      { count: 2, change: { sizeMul: 6 }, codes: 6 },
      { count: 3, change: { stream: 1 }, codes: 6 },
      { count: 4, change: { sizeLsb: 4 }, codes: 2 },
      { count: 5, change: { reserved: 5 }, codes: 2 },
      { count: 6, change: {}, codes: 3 },
      { count: 7, change: {}, codes: 3 },
      { count: 8, change: { elision: 7 }, codes: 3 },
      { count: 9, change: {}, codes: 3 },
    ]
  ) {
    Object.assign(initial, change);
    const rest = [99, 6, 0, 1, 0, 0, 0, 255].flatMap(v);
    const table = [8, count, ...fields.slice(0, count)].flatMap(v).concat(rest);
    const found = main({ table }).codes;
    assert.deepEqual(found[0], initial, `${count}`);
    assert.equal(found.findIndex(({ flags }) => flags === 99), codes, `${count}`);
  }
});

Deno.test("readMainHeader() refuses rows of no or over 256 codes", () => {
  const table = (count: number) => [0, 6, 0, 1, 0, 0, 0, count].flatMap(v);
  assert.equal(main({ table: table(256) }).codes.length, 256);
  for (const count of [0, 257]) {
    assert.throws(() => main({ table: table(count) }), /invalid count/);
  }
});

Deno.test("readMainHeader() reads elision headers after an empty one, and the broadcast flag", () => {
  const { elisions, broadcast } = main({ rest: [2, 1, 7, 2, 8, 9, 1] });
  assert.deepEqual(elisions.map((bytes) => [...bytes]), [[], [7], [8, 9]]);
  assert.equal(broadcast, true);
  assert.equal(main({ rest: [0, 2] }).broadcast, false);
  assert.equal(main({ rest: [0] }).broadcast, false);
  assert.equal(main({ rest: [127, ...Array(127).fill(0)] }).elisions.length, 128);
  assert.throws(() => main({ rest: v(128) }), /128 elision headers are too many/);
  assert.throws(() => main({ rest: [1, ...v(257)] }), /too long/);
});

function stream(
  {
    id = 0,
    kind = 0,
    base = 0,
    shift = 7,
    size = [640, 480],
    private: extra = [1, 2, 3],
    fourcc = "I420",
  } = {},
) {
  const bytes = [
    ...v(id),
    ...v(kind),
    ...[fourcc.length, ...new TextEncoder().encode(fourcc)],
    ...[base, shift, 100, 0, 0].flatMap(v),
    ...[...v(extra.length), ...extra],
    ...size.flatMap(v),
  ];
  return readStreamHeader(reader(bytes), main({ streams: 2 }));
}

Deno.test("readStreamHeader() reads the format of a video stream", () => {
  assert.deepEqual(stream({ id: 1 }), {
    id: 1,
    video: true,
    fourcc: "I420",
    timeBase: { num: 1, den: 25 },
    msbPtsShift: 7,
    width: 640,
    height: 480,
  });
  const { video, width, height } = stream({ kind: 1 });
  assert.deepEqual([video, width, height], [false, 0, 0]);
});

Deno.test("readStreamHeader() refuses values beyond their limits", () => {
  assert.throws(() => stream({ id: 2 }), /stream id 2 is not below/);
  assert.throws(() => stream({ base: 1 }), /no time base/);
  for (const shift of [0, 32]) assert.throws(() => stream({ shift }), /msb_pts_shift/);
  assert.equal(stream({ shift: 31 }).msbPtsShift, 31);
  assert.deepEqual(stream({ size: [65535, 1] }).width, 65535);
  assert.throws(() => stream({ size: [65536, 1] }), /width is out of range/);
  assert.equal(stream({ size: [1, 65535] }).height, 65535);
  assert.throws(() => stream({ size: [1, 65536] }), /height is out of range/);
  assert.equal(stream({ fourcc: "12345678" }).fourcc, "12345678");
  assert.throws(() => stream({ fourcc: "123456789" }), /field of 9 bytes is too long/);
  assert.equal(stream({ private: Array(1_048_576).fill(0) }).width, 640);
  assert.throws(() => stream({ private: Array(1_048_577).fill(0) }), /1048577 bytes is too long/);
  assert.throws(() => stream({ size: [1, 0] }), /height is out of range/);
});

Deno.test("ByteReader reads numbers of any length, signed ones alternating", () => {
  for (const value of [0, 1, 127, 128, 16_383, 16_384, Number.MAX_SAFE_INTEGER]) {
    assert.equal(reader(v(value)).unsigned(), value);
  }
  assert.deepEqual([0, 1, 2, 3, 4].map((value) => reader([value]).signed() + 0), [0, 1, -1, 2, -2]);
  assert.throws(() => reader(Array(9).fill(255)).unsigned(), NutError);
  assert.equal(reader([0x89, 0xab, 0xcd, 0xef]).u32(), 0x89abcdef);
});

Deno.test("ByteReader needs more bytes at its end", () => {
  const needsMore = (read: () => unknown) =>
    assert.throws(read, (reason: unknown) => reason === NEED_MORE);
  needsMore(() => reader([]).u8());
  needsMore(() => reader([128]).unsigned());
  needsMore(() => reader([3, 1, 2]).blob(10));
  const exact = reader([2, 5, 6, 7]);
  assert.deepEqual([...exact.blob(2)], [5, 6]);
  assert.equal(exact.offset, 3);
  assert.throws(() => reader([3, 1, 2, 3]).blob(2), /too long/);
  const limited = new ByteReader(Uint8Array.of(1, 2, 3), 1);
  limited.u8();
  needsMore(() => limited.u8());
});
