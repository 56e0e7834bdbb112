import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { Secret } from "../../../src/config/secret.ts";
import {
  type DecodedSegment,
  decodeSegment,
  encodeHeader,
  encodeRecords,
  type SpoolRecord,
} from "../../../src/delivery/spool/record.ts";
import { type Seal, SpoolKey } from "../../../src/delivery/spool/seal.ts";
import { markReplayed } from "../../../src/delivery/replayed.ts";
import type { FuzzTarget } from "../fuzzer.ts";

const KEY = new SpoolKey(new Secret("fuzz".repeat(11)));

const record = (timestamp: number, text: string): SpoolRecord => ({
  timestamp,
  bytes: new TextEncoder().encode(text),
});

/** The first and the last byte of each marker of a block, and where its length and checksum are. */
const [FIRST, LAST] = [0xf5, 0xf6];
const [LENGTH_AT, CRC_AT, HEAD_BYTES] = [4, 8, 12];

/** Corrects the checksums, which no mutation would guess, so that the contents are reached. */
function withChecksums(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(input);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + HEAD_BYTES <= bytes.length; at++) {
    if (bytes[at] !== FIRST || bytes[at + 3] !== LAST) continue;
    const end = at + HEAD_BYTES + view.getUint32(at + LENGTH_AT, true);
    if (end > bytes.length) continue;
    const length = bytes.subarray(at + LENGTH_AT, at + CRC_AT);
    view.setUint32(at + CRC_AT, crc32(bytes.subarray(at + HEAD_BYTES, end), crc32(length)), true);
    at = end - 1;
  }
  return bytes;
}

function segment(seal?: Seal): Uint8Array {
  const records = [record(1e15, '{"a":1}'), record(1e15 + 1, '{"payload":{"metadata":{"b":2}}}')];
  return Uint8Array.from([1, ...encodeHeader("me", seal), ...encodeRecords(records, seal)]);
}

/** A segment of the spool that a local user has changed. The first byte selects correct checksums. */
export const spool: FuzzTarget = {
  scripts: /delivery\/(spool|replayed)/,
  maxBytes: 4096,
  seeds: () => [segment(), segment(KEY.newSeal("me"))],
  run(input) {
    const bytes = input[0]! % 2 === 0 ? withChecksums(input.subarray(1)) : input.slice(1);
    for (const key of [undefined, KEY]) {
      for (const from of [0, Math.floor(bytes.length / 2)]) {
        check(bytes, decodeSegment(bytes, from, key));
      }
    }
  },
};

function check(bytes: Uint8Array, { identity, records }: DecodedSegment): void {
  assert(identity === undefined || identity.length <= bytes.length);
  let end = 0;
  for (const each of records) {
    assert(each.end > end && each.end <= bytes.length, `a record that ends at ${each.end}`);
    end = each.end;
    markReplayed(each.bytes);
  }
  // What is read can be written, and is then read again.
  const again = decodeSegment(Uint8Array.from([...encodeHeader(""), ...encodeRecords(records)]));
  assert.equal(again.damaged, 0);
  assert.deepEqual(again.records.map(contentOf), records.map(contentOf));
}

function contentOf({ timestamp, bytes }: SpoolRecord) {
  return [timestamp, bytes];
}
