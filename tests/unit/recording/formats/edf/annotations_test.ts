import assert from "node:assert/strict";
import fc from "fast-check";
import { annotationLists } from "../../../../../src/recording/formats/edf/annotations.ts";

const textOf = (...args: Parameters<typeof annotationLists>) =>
  new TextDecoder().decode(annotationLists(...args));

Deno.test("annotationLists() begins with the time of the data record, and ends each list with 0", () => {
  assert.equal(textOf(0, []), "+0\x14\x14\0");
  assert.equal(
    textOf(3_000_000, [{ onsetUs: 3_250_000, text: "Beat" }]),
    "+3\x14\x14\0+3.25\x14Beat\x14\0",
  );
});

Deno.test("annotationLists() writes times exactly, with a sign and without an exponent", () => {
  for (
    const [us, text] of [
      [1, "+0.000001"],
      [-1, "-0.000001"],
      [-2_500_000, "-2.5"],
      [100_000, "+0.1"],
      [86_400_000_000, "+86400"],
      [1_767_225_600_000_001, "+1767225600.000001"],
      [0.4, "+0"],
    ] as const
  ) assert.equal(textOf(us, []), `${text}\x14\x14\0`);
});

Deno.test("annotationLists() leaves out what does not fit into 8 kB, and counts it", () => {
  const annotation = { onsetUs: 1_000_000, text: "x".repeat(95) }; // 100 bytes
  const lists = (count: number) => textOf(1_000_000, Array(count).fill(annotation));
  assert.equal(lists(81).length, 5 + 8100);
  assert.doesNotMatch(lists(81), /left out/);
  assert.ok(lists(82).endsWith("+1\x141 annotations left out\x14\0"), lists(82).slice(-60));
  assert.ok(lists(1000).includes("919 annotations left out"));
});

Deno.test("annotationLists() fits into 8 kB, and has each text once, for any annotations", () =>
  fc.assert(fc.property(
    fc.double({ min: -1e16, max: 1e16, noNaN: true }),
    fc.array(
      fc.record({
        onsetUs: fc.double({ min: -1e16, max: 1e16, noNaN: true }),
        text: fc.string({ unit: "grapheme-ascii", maxLength: 80 }),
      }),
      { maxLength: 200 },
    ),
    (recordUs, annotations) => {
      const bytes = annotationLists(recordUs, annotations);
      assert.ok(bytes.length <= 8192);
      const lists = new TextDecoder().decode(bytes).split("\x14\0").slice(1, -1);
      const left = lists.at(-1)?.split("\x14")[1]?.match(/^(\d+) annotations left out$/)?.[1];
      const whole = left === undefined ? lists : lists.slice(0, -1);
      assert.equal(whole.length + Number(left ?? 0), annotations.length);
      whole.forEach((list, k) => assert.equal(list.split("\x14")[1], annotations[k]!.text));
    },
  )));
