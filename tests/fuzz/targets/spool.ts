import assert from "node:assert/strict";
import {
  decodeSegment,
  encodeHeader,
  encodeRecords,
  type SpoolRecord,
} from "../../../src/delivery/spool/record.ts";
import { markReplayed } from "../../../src/delivery/replayed.ts";
import type { FuzzTarget } from "../fuzzer.ts";

const record = (timestamp: number, text: string): SpoolRecord => ({
  timestamp,
  bytes: new TextEncoder().encode(text),
});

/** A segment of the spool that a local user has changed. */
export const spool: FuzzTarget = {
  scripts: /delivery\/(spool|replayed)/,
  maxBytes: 4096,
  seeds: () => {
    const records = [record(1e15, '{"a":1}'), record(1e15 + 1, '{"metadata":{"b":2}}')];
    return [Uint8Array.from([...encodeHeader("me"), ...encodeRecords(records)])];
  },
  run(input) {
    for (const from of [0, Math.floor(input.length / 2)]) {
      const { identity, records } = decodeSegment(input, from);
      assert(identity === undefined || identity.length <= input.length);
      let end = 0;
      for (const each of records) {
        assert(each.end > end && each.end <= input.length, `a record that ends at ${each.end}`);
        end = each.end;
        markReplayed(each.bytes);
      }
      // What is read can be written, and is then read again.
      const again = decodeSegment(
        Uint8Array.from([...encodeHeader(""), ...encodeRecords(records)]),
      );
      assert.equal(again.damaged, 0);
      assert.deepEqual(
        again.records.map(({ timestamp, bytes }) => [timestamp, bytes]),
        records.map(({ timestamp, bytes }) => [timestamp, bytes]),
      );
    }
  },
};
