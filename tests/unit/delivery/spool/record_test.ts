import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeRecords, encodeRecords } from "../../../../src/delivery/spool/record.ts";
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
