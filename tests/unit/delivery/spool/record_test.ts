import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import {
  decodeRecords,
  encodeRecords,
  recordBytes,
} from "../../../../src/delivery/spool/record.ts";
import { numbersOf, spoolRecord as record } from "../../../support/spool_records.ts";

Deno.test("decodeRecords() returns the intact records of a segment truncated at any byte", () => {
  const records = [record(1), record(2, 0), record(3, 300)];
  const bytes = encodeRecords(records);
  const ends = decodeRecords(bytes).map(({ end }) => end);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const intact = ends.filter((end) => end <= cut).length;
    assert.deepEqual(numbersOf(decodeRecords(bytes.slice(0, cut))), [1, 2, 3].slice(0, intact));
  }
});

Deno.test("decodeRecords() returns the records before a flipped bit and never throws", () => {
  const bytes = encodeRecords([record(1), record(2), record(3)]);
  fc.assert(fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
    const corrupt = bytes.slice();
    corrupt[bit >> 3] = (corrupt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const read = decodeRecords(corrupt);
    assert.deepEqual(numbersOf(read), [1, 2, 3].slice(0, read.length));
    assert.equal(read.length, Math.floor((bit >> 3) / (bytes.length / 3)));
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    decodeRecords(new Uint8Array(garbage));
  }));
});

Deno.test("encodeRecords() writes the length, the CRC-32 and the time before each envelope, little endian", () => {
  const bytes = encodeRecords([{ timestamp: 1.5, bytes: new TextEncoder().encode("ab") }]);
  // deno-fmt-ignore
  assert.deepEqual([...bytes.subarray(0, 4), ...bytes.subarray(8)], [
    10, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xf8, 0x3f,
    0x61, 0x62,
  ]);
  const crc = new DataView(bytes.buffer).getUint32(4, true);
  assert.equal(crc, crc32(bytes.subarray(8)));
});

Deno.test("recordBytes() is the size of a record in a segment, at whose end the next begins", () => {
  const records = [record(1, 2), record(2, 5), record(3, 300)];
  assert.deepEqual(records.map(recordBytes), [18, 21, 316]);
  const decoded = decodeRecords(encodeRecords(records));
  assert.deepEqual(decoded.map(({ end }) => end), [18, 39, 355]);
  assert.deepEqual(decoded.map(({ bytes }) => bytes), records.map(({ bytes }) => bytes));
});

Deno.test("decodeRecords() reads a part of a larger buffer", () => {
  const bytes = encodeRecords([record(1), record(2)]);
  const padded = new Uint8Array(bytes.length + 30);
  padded.set(bytes, 20);
  assert.deepEqual(numbersOf(decodeRecords(padded.subarray(20, 20 + bytes.length))), [1, 2]);
});

Deno.test("decodeRecords() ends at a body that is shorter than its time", () => {
  const short = new Uint8Array(40);
  const view = new DataView(short.buffer);
  view.setUint32(0, 7, true);
  view.setUint32(4, crc32(short.subarray(8, 15)), true);
  assert.deepEqual(decodeRecords(short), []);
});
