import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import {
  decodeSegment,
  encodeHeader,
  encodeRecords,
  recordBytes,
  type SpoolRecord,
} from "../../../../src/delivery/spool/record.ts";
import { numbersOf, spoolRecord as record } from "../../../support/spool_records.ts";

const HEADER = encodeHeader("a publisher");

/** Returns a segment with a header. */
function segmentOf(...records: readonly SpoolRecord[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...HEADER, ...encodeRecords(records)]);
}

Deno.test("decodeSegment() returns the identity and the intact records of a segment truncated at any byte", () => {
  const segment = segmentOf(record(1), record(2, 0), record(3, 300));
  const ends = decodeSegment(segment).records.map(({ end }) => end);
  for (let cut = 0; cut <= segment.length; cut++) {
    const { identity, records, damaged } = decodeSegment(segment.slice(0, cut));
    const intact = ends.filter((end) => end <= cut).length;
    assert.deepEqual(numbersOf(records), [1, 2, 3].slice(0, intact));
    assert.equal(identity, cut >= HEADER.length / 2 ? "a publisher" : undefined);
    assert.equal(damaged, cut > HEADER.length && !ends.includes(cut) ? 1 : 0, `${cut}`);
  }
});

Deno.test("decodeSegment() loses at most the record with a flipped bit, and counts it", () => {
  const segment = segmentOf(record(1), record(2, 0), record(3, 300), record(4));
  const ends = decodeSegment(segment).records.map(({ end }) => end);
  for (let bit = 0; bit < segment.length * 8; bit++) {
    const corrupt = segment.slice();
    corrupt[bit >> 3] = (corrupt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const { identity, records, damaged } = decodeSegment(corrupt);
    assert.equal(identity, "a publisher");
    const at = bit >> 3;
    const lost = at < HEADER.length ? [] : [1 + ends.filter((end) => end <= at).length];
    const left = [1, 2, 3, 4].filter((number) => !lost.includes(number));
    assert.deepEqual([numbersOf(records), damaged], [left, lost.length], `bit ${bit}`);
  }
});

Deno.test("decodeSegment() returns the records behind a header and a record that are zeroed", () => {
  const segment = segmentOf(record(1), record(2), record(3));
  segment.fill(0, 0, HEADER.length + 30);
  const { identity, records } = decodeSegment(segment);
  assert.deepEqual([identity, numbersOf(records)], [undefined, [2, 3]]);
});

Deno.test("decodeSegment() counts each damaged record", () => {
  const segment = segmentOf(record(1), record(2), record(3), record(4));
  for (const number of [2, 3]) segment[HEADER.length + (number - 1) * 40 + 30] = 0;
  const { records, damaged } = decodeSegment(segment);
  assert.deepEqual([numbersOf(records), damaged], [[1, 4], 2]);
});

Deno.test("decodeSegment() never throws", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    assert.deepEqual(decodeSegment(new Uint8Array(garbage)).records, []);
  }));
});

Deno.test("decodeSegment() returns the records from an offset on", () => {
  const segment = segmentOf(record(1), record(2), record(3));
  const from = HEADER.length + 40;
  assert.deepEqual(numbersOf(decodeSegment(segment, from).records), [2, 3]);
});

Deno.test("encodeHeader() contains the identity twice", () => {
  assert.deepEqual(HEADER.slice(0, HEADER.length / 2), HEADER.slice(HEADER.length / 2));
  assert.equal(new TextDecoder().decode(HEADER).split("a publisher").length, 3);
});

Deno.test("encodeRecords() writes marker, length, CRC-32 and time before each envelope, little endian", () => {
  const bytes = encodeRecords([{ timestamp: 1.5, bytes: new TextEncoder().encode("ab") }]);
  // deno-fmt-ignore
  assert.deepEqual([...bytes.subarray(0, 8), ...bytes.subarray(12)], [
    0xf5, 0x52, 0x43, 0xf6,
    10, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xf8, 0x3f,
    0x61, 0x62,
  ]);
  const crc = new DataView(bytes.buffer).getUint32(8, true);
  assert.equal(crc, crc32(Uint8Array.from([...bytes.subarray(4, 8), ...bytes.subarray(12)])));
});

Deno.test("recordBytes() is the size of a record in a segment, at whose end the next begins", () => {
  const records = [record(1, 2), record(2, 5), record(3, 300)];
  assert.deepEqual(records.map(recordBytes), [22, 25, 320]);
  const decoded = decodeSegment(segmentOf(...records)).records;
  assert.deepEqual(decoded.map(({ end }) => end - HEADER.length), [22, 47, 367]);
  assert.deepEqual(decoded.map(({ bytes }) => bytes), records.map(({ bytes }) => bytes));
});

Deno.test("decodeSegment() reads a part of a larger buffer", () => {
  const segment = segmentOf(record(1), record(2));
  const padded = new Uint8Array(segment.length + 30);
  padded.set(segment, 20);
  const part = padded.subarray(20, 20 + segment.length);
  assert.deepEqual(numbersOf(decodeSegment(part).records), [1, 2]);
});
