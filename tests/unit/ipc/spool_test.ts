import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeRecords, encodeRecords, type SpoolRecord } from "../../../src/ipc/spool/record.ts";
import { Spool, type SpoolOptions } from "../../../src/ipc/spool/spool.ts";
import { temporaryFolder } from "../../support/folders.ts";

const encoder = new TextEncoder();

function record(number: number, length = 20): SpoolRecord {
  return { timestamp: number, bytes: encoder.encode(`${number} `.padEnd(length, "x")) };
}

function numbersOf(records: readonly SpoolRecord[]): number[] {
  return records.map(({ timestamp }) => timestamp);
}

function spoolIn(folder: string, more: Partial<SpoolOptions> = {}) {
  const dropped: Record<string, number> = {};
  const spool = new Spool({
    folder,
    maxBytes: 1e6,
    maxAgeMs: 1e12,
    onDrop: (reason, count) => dropped[reason] = (dropped[reason] ?? 0) + count,
    ...more,
  });
  return { spool, dropped };
}

async function readAll(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  while (spool.length > 0) {
    const records = await spool.first(7);
    numbers.push(...numbersOf(records));
    await spool.remove(records.length);
  }
  return numbers;
}

Deno.test("records cut at any byte give the whole ones before the cut", () => {
  const records = [record(1), record(2, 0), record(3, 300)];
  const bytes = encodeRecords(records);
  const ends = decodeRecords(bytes).map(({ end }) => end);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const whole = ends.filter((end) => end <= cut).length;
    assert.deepEqual(numbersOf(decodeRecords(bytes.slice(0, cut))), [1, 2, 3].slice(0, whole));
  }
});

Deno.test("records with a flipped bit give the whole ones before it, and garbage gives no error", () => {
  const bytes = encodeRecords([record(1), record(2), record(3)]);
  fc.assert(fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
    const spoilt = bytes.slice();
    spoilt[bit >> 3] = (spoilt[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const read = decodeRecords(spoilt);
    assert.deepEqual(numbersOf(read), [1, 2, 3].slice(0, read.length));
    assert.equal(read.length, Math.floor((bit >> 3) / (bytes.length / 3)));
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    decodeRecords(new Uint8Array(garbage));
  }));
});

Deno.test("a spool over its size gives up its oldest records, counted", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { maxBytes: 2000 });
  await spool.open();
  for (let number = 1; number <= 200; number++) await spool.append([record(number, 50)]);
  assert.ok(spool.bytes <= 2000);
  const left = await readAll(spool);
  assert.equal(left.at(-1), 200);
  assert.deepEqual(left, left.map((_, index) => 201 - left.length + index));
  assert.equal(dropped.spool_full, 200 - left.length);
});

Deno.test("segments older than the age limit are given up, counted", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { segmentBytes: 1, maxAgeMs: 1 });
  await spool.open();
  for (let number = 1; number <= 5; number++) await spool.append([record(number * 1000)]);
  await spool.expire(4500);
  assert.deepEqual(await readAll(spool), [4000, 5000]);
  assert.equal(dropped.too_old, 3);
});

type Action =
  | { readonly kind: "append"; readonly count: number; readonly length: number }
  | { readonly kind: "read"; readonly count: number }
  | { readonly kind: "restart" }
  | { readonly kind: "crash"; readonly keep: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    count: fc.integer({ min: 1, max: 6 }),
    length: fc.integer({ min: 2, max: 120 }),
  }),
  fc.record({ kind: fc.constant("read" as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant("restart" as const) }),
  fc.record({ kind: fc.constant("crash" as const), keep: fc.nat() }),
);

Deno.test("a spool behaves as a queue under random actions, restarts and cuts at any byte", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      using folder = temporaryFolder();
      let { spool } = spoolIn(folder.path, { segmentBytes: 300 });
      await spool.open();
      let model: number[] = [];
      let all: number[] = [];
      let next = 1;
      for (const step of actions) {
        if (step.kind === "append") {
          const records = Array.from({ length: step.count }, () => record(next++, step.length));
          await spool.append(records);
          model.push(...numbersOf(records));
          all.push(...numbersOf(records));
        } else if (step.kind === "read") {
          const records = await spool.first(step.count);
          assert.deepEqual(numbersOf(records), model.slice(0, records.length));
          assert.equal(records.length > 0, model.length > 0);
          await spool.remove(records.length);
          model = model.slice(records.length);
        } else {
          if (step.kind === "crash") cutLastSegment(folder.path, step.keep);
          ({ spool } = spoolIn(folder.path, { segmentBytes: 300 }));
          await spool.open();
          if (step.kind === "restart") assert.equal(spool.length, model.length);
          else {
            // The newest are lost; where the cut took the cursor's place, read ones come again.
            const left = await readAll(spool);
            const from = all.indexOf(left[0] ?? -1);
            if (left.length > 0) assert.deepEqual(left, all.slice(from, from + left.length));
            assert.ok(from <= all.length - model.length);
            await spool.append(left.map((number) => record(number)));
            model = left;
            all = [...left];
          }
        }
        assert.equal(spool.length, model.length);
      }
      assert.deepEqual(await readAll(spool), model);
    }),
    { numRuns: 60 },
  );
});

function cutLastSegment(folder: string, keep: number): void {
  const last = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".spool")).sort().at(-1);
  if (!last) return;
  const { size } = Deno.statSync(`${folder}/${last}`);
  Deno.truncateSync(`${folder}/${last}`, keep % (size + 1));
}
