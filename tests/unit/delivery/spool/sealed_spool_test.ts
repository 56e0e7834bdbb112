import assert from "node:assert/strict";
import { Secret } from "../../../../src/config/secret.ts";
import {
  decodeSegment,
  encodeHeader,
  encodeRecords,
} from "../../../../src/delivery/spool/record.ts";
import { SpoolKey } from "../../../../src/delivery/spool/seal.ts";
import { Spool } from "../../../../src/delivery/spool/spool.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { numbersOf, spoolRecord as record } from "../../../support/spool_records.ts";

const KEY = new SpoolKey(new Secret("a".repeat(44)));
const OTHER_KEY = new SpoolKey(new Secret("b".repeat(44)));

async function openSpool(folder: string, key: SpoolKey | undefined, segmentBytes = 1 << 18) {
  const mismatches: [string, number][] = [];
  const dropped: Record<string, number> = {};
  const spool = new Spool({
    ...{ folder, identity: "test", key, segmentBytes, maxBytes: 1e6, maxAgeMs: 1e12 },
    onDrop: (reason, count) => dropped[reason] = (dropped[reason] ?? 0) + count,
    onSkip: (path, reason) => assert.fail(`${path}: ${reason}`),
    onMismatch: (mismatch, segments) => void mismatches.push([mismatch, segments]),
  });
  await spool.open();
  return { spool, mismatches, dropped };
}

function segmentsIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".spool")).sort();
}

Deno.test("Spool with a key returns the records of an earlier process, and continues none of its segments", async () => {
  using folder = temporaryFolder();
  const first = await openSpool(folder.path, KEY);
  await first.spool.append([record(1), record(2)]);
  await first.spool.append([record(3)]);
  assert.equal(segmentsIn(folder.path).length, 1);
  const { spool, dropped } = await openSpool(folder.path, KEY);
  await spool.append([record(4)]);
  assert.equal(segmentsIn(folder.path).length, 2, "a nonce is never used twice");
  assert.deepEqual(numbersOf(await spool.peek(9)), [1, 2, 3]);
  await spool.remove(2);
  const third = await openSpool(folder.path, KEY);
  assert.deepEqual(numbersOf(await third.spool.peek(9)), [3]);
  assert.deepEqual(dropped, {});
});

Deno.test("Spool with a key writes no byte sequence of a record to the disk", async () => {
  using folder = temporaryFolder();
  const { spool } = await openSpool(folder.path, KEY);
  await spool.append([record(1234, 500)]);
  const [name = ""] = segmentsIn(folder.path);
  const text = new TextDecoder("latin1").decode(Deno.readFileSync(`${folder.path}/${name}`));
  assert.doesNotMatch(text, /1234|xxx/);
});

for (
  const [what, key, mismatch] of [
    ["with another key", OTHER_KEY, "other_key"],
    ["without a key", undefined, "no_key"],
  ] as const
) {
  Deno.test(`Spool ${what} keeps encrypted segments apart, and reports them once`, async () => {
    using folder = temporaryFolder();
    const first = await openSpool(folder.path, KEY, 1);
    for (const number of [1, 2, 3]) await first.spool.append([record(number)]);
    const before = segmentsIn(folder.path);
    const { spool, mismatches } = await openSpool(folder.path, key);
    assert.deepEqual([mismatches, spool.length], [[[mismatch, 3]], 0]);
    await spool.append([record(4)]);
    assert.deepEqual(numbersOf(await spool.peek(9)), [4]);
    await spool.remove(1);
    assert.deepEqual(segmentsIn(folder.path), before);
    const again = await openSpool(folder.path, KEY);
    assert.deepEqual(numbersOf(await again.spool.peek(9)), [1]);
  });
}

Deno.test("Spool with a key accepts no segment that is not encrypted", async () => {
  using folder = temporaryFolder();
  await (await openSpool(folder.path, undefined)).spool.append([record(1)]);
  const { spool, mismatches } = await openSpool(folder.path, KEY);
  assert.deepEqual([mismatches, spool.length], [[["not_encrypted", 1]], 0]);
  assert.equal(segmentsIn(folder.path).length, 1);
});

/** Returns an encrypted segment, and the offset of each record in it. */
function sealedSegment() {
  const seal = KEY.newSeal("a publisher");
  const header = encodeHeader("a publisher", seal);
  const records = [record(1), record(2, 0), record(3, 300), record(4)].map((each) =>
    encodeRecords([each], seal)
  );
  return { header, records };
}

Deno.test("decodeSegment() loses at most the encrypted record with a flipped bit, and counts it", () => {
  const { header, records } = sealedSegment();
  const segment = Uint8Array.from([header, ...records].flatMap((part) => [...part]));
  const ends = decodeSegment(segment, 0, KEY).records.map(({ end }) => end);
  assert.equal(ends.length, 4);
  for (let bit = 0; bit < segment.length * 8; bit++) {
    const at = bit >> 3;
    const corrupt = segment.with(at, segment[at]! ^ (1 << (bit & 7)));
    const lost = at < header.length ? [] : [1 + ends.filter((end) => end <= at).length];
    const left = [1, 2, 3, 4].filter((number) => !lost.includes(number));
    const decoded = decodeSegment(corrupt, 0, KEY);
    assert.deepEqual([numbersOf(decoded.records), decoded.damaged], [left, lost.length], `${bit}`);
  }
});

Deno.test("decodeSegment() returns no encrypted record twice or out of order, and none of another segment", () => {
  const { header, records: [first, second, third] } = sealedSegment();
  const foreign = sealedSegment().records[3]!;
  const parts = [header, second!, first!, second!, foreign, third!];
  const segment = Uint8Array.from(parts.flatMap((part) => [...part]));
  const { records, damaged } = decodeSegment(segment, 0, KEY);
  assert.deepEqual([numbersOf(records), damaged], [[2, 3], 3]);
});
