import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeRecords } from "../../../../src/delivery/spool/record.ts";
import { Spool, type SpoolOptions } from "../../../../src/delivery/spool/spool.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { numbersOf, spoolRecord as record } from "../../../support/spool_records.ts";

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
    const records = await spool.peek(7);
    numbers.push(...numbersOf(records));
    await spool.remove(records.length);
  }
  return numbers;
}

Deno.test("Spool drops its oldest records over its size limit, counted", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { maxBytes: 2000 });
  await spool.open();
  for (let number = 1; number <= 200; number++) await spool.append([record(number, 50)]);
  assert.ok(spool.bytes <= 2000);
  const remaining = await readAll(spool);
  assert.equal(remaining.at(-1), 200);
  assert.deepEqual(remaining, remaining.map((_, index) => 201 - remaining.length + index));
  assert.equal(dropped.spool_full, 200 - remaining.length);
});

Deno.test("Spool drops segments over the age limit, counted", async () => {
  using folder = temporaryFolder();
  const { spool, dropped } = spoolIn(folder.path, { segmentBytes: 1, maxAgeMs: 1 });
  await spool.open();
  for (let number = 1; number <= 5; number++) await spool.append([record(number * 1000)]);
  await spool.expire(4500);
  assert.deepEqual(await readAll(spool), [4000, 5000]);
  assert.equal(dropped.too_old, 3);
});

Deno.test("Spool does not apply a cursor to a later segment after its own was removed", async () => {
  using folder = temporaryFolder();
  const first = spoolIn(folder.path).spool;
  await first.open();
  await first.append([record(1), record(2)]);
  await first.peek(1);
  await first.remove(1);
  const cursor = cursorIn(folder.path);
  await first.peek(1);
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
  /** Truncates the newest segment at any byte, or restores the cursor before the last read. */
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

Deno.test("Spool behaves as a queue under random actions, restarts and truncation at any byte", async () => {
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
            const records = await spool.peek(step.count);
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
            // After a crash, records that were removed may be returned again, before the others.
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

/** Reads all records from a copy of the folder. */
async function peekAll(folder: string, segmentBytes: number): Promise<number[]> {
  using copy = temporaryFolder();
  for (const { name } of Deno.readDirSync(folder)) {
    Deno.copyFileSync(`${folder}/${name}`, `${copy.path}/${name}`);
  }
  const { spool } = spoolIn(copy.path, { segmentBytes });
  await spool.open();
  return await readAll(spool);
}

/** Changes the folder as a power cut might; returns the numbers of the records that it costs. */
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
