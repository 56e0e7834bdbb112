import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeRecords,
  encodeRecords,
  type SpoolRecord,
} from "../../../src/delivery/spool/record.ts";
import { Spool, type SpoolOptions } from "../../../src/delivery/spool/spool.ts";
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

Deno.test("a cursor that outlived its segment is not taken for one of a later segment", async () => {
  using folder = temporaryFolder();
  const first = spoolIn(folder.path).spool;
  await first.open();
  await first.append([record(1), record(2)]);
  await first.first(1);
  await first.remove(1);
  const cursor = cursorIn(folder.path);
  await first.first(1);
  await first.remove(1);
  Deno.writeTextFileSync(`${folder.path}/cursor`, cursor);
  const second = spoolIn(folder.path).spool;
  await second.open();
  await second.append([record(3), record(4)]);
  const third = spoolIn(folder.path).spool;
  await third.open();
  assert.deepEqual(await readAll(third), [3, 4]);
});

type Action =
  | { readonly kind: "append"; readonly count: number; readonly length: number }
  | { readonly kind: "read"; readonly count: number }
  | { readonly kind: "restart" }
  /** Cuts the newest segment at any byte, or brings back the cursor of before the last reading. */
  | { readonly kind: "crash"; readonly cut?: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    count: fc.integer({ min: 1, max: 6 }),
    length: fc.integer({ min: 2, max: 60 }),
  }),
  fc.record({ kind: fc.constant("read" as const), count: fc.integer({ min: 1, max: 16 }) }),
  fc.record({ kind: fc.constant("restart" as const) }),
  fc.record({ kind: fc.constant("crash" as const), cut: fc.nat() }, { requiredKeys: ["kind"] }),
);

Deno.test("a spool behaves as a queue under random actions, restarts and cuts at any byte", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 40 }),
      fc.constantFrom(300, 1500),
      async (actions, segmentBytes) => {
        using folder = temporaryFolder();
        let { spool } = spoolIn(folder.path, { segmentBytes });
        await spool.open();
        let model: number[] = [];
        let oldCursor = "";
        let next = 1;
        for (const step of actions) {
          if (step.kind === "append") {
            const records = Array.from({ length: step.count }, () => record(next++, step.length));
            await spool.append(records);
            model.push(...numbersOf(records));
          } else if (step.kind === "read") {
            const records = await spool.first(step.count);
            assert.deepEqual(numbersOf(records), model.slice(0, records.length));
            assert.equal(records.length > 0, model.length > 0);
            oldCursor = cursorIn(folder.path);
            await spool.remove(records.length);
            model = model.slice(records.length);
          } else {
            const lost = step.kind === "crash" ? crash(folder.path, step.cut, oldCursor) : [];
            ({ spool } = spoolIn(folder.path, { segmentBytes }));
            await spool.open();
            const left = model.filter((number) => !lost.includes(number));
            if (step.kind === "restart") assert.equal(spool.length, left.length);
            // After a crash some that were read may come again, before the others.
            const again = (await peekAll(folder.path, segmentBytes)).slice(
              0,
              -left.length || undefined,
            );
            assert.ok(
              again.every((number) => number < (left[0] ?? next)),
              `${again} before ${left}`,
            );
            model = [...again, ...left];
          }
          assert.equal(spool.length, model.length);
        }
        assert.deepEqual(await readAll(spool), model);
      },
    ),
    { numRuns: 300 },
  );
});

/** What a spool would give whole, read from a copy of its folder. */
async function peekAll(folder: string, segmentBytes: number): Promise<number[]> {
  using copy = temporaryFolder();
  for (const { name } of Deno.readDirSync(folder)) {
    Deno.copyFileSync(`${folder}/${name}`, `${copy.path}/${name}`);
  }
  const { spool } = spoolIn(copy.path, { segmentBytes });
  await spool.open();
  return await readAll(spool);
}

/** Leaves the folder as a power cut might; the numbers of the records that it costs. */
function crash(folder: string, cut: number | undefined, oldCursor: string): number[] {
  if (cut === undefined) {
    if (oldCursor) Deno.writeTextFileSync(`${folder}/cursor`, oldCursor);
    return [];
  }
  const last = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".spool")).sort().at(-1);
  if (!last) return [];
  const path = `${folder}/${last}`;
  const records = decodeRecords(Deno.readFileSync(path));
  const at = cut % (Deno.statSync(path).size + 1);
  Deno.truncateSync(path, at);
  return numbersOf(records.filter(({ end }) => end > at));
}

function cursorIn(folder: string): string {
  try {
    return Deno.readTextFileSync(`${folder}/cursor`);
  } catch {
    return "";
  }
}
