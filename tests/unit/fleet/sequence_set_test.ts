import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_SEQUENCE, SequenceSet } from "../../../src/fleet/sequence_set.ts";

Deno.test("SequenceSet equals a Set, for any sequence numbers", () => {
  fc.assert(fc.property(fc.array(fc.nat({ max: 2000 })), (sequences) => {
    const set = new SequenceSet();
    const model = new Set<number>();
    for (const sequence of sequences) {
      assert.equal(set.add(sequence), !model.has(sequence));
      model.add(sequence);
    }
    assert.equal(set.size, model.size);
    assert.equal(set.span, model.size && Math.max(...model) - Math.min(...model) + 1);
  }));
});

Deno.test("SequenceSet.add() ignores what is no sequence number", () => {
  const set = new SequenceSet();
  for (const value of [-1, 0.5, NaN, Infinity, MAX_SEQUENCE + 1]) {
    assert.equal(set.add(value), false);
  }
  assert.deepEqual([set.size, set.span], [0, 0]);
  assert.equal(set.add(MAX_SEQUENCE), true);
});

Deno.test("SequenceSet.add() adds each number once", () => {
  const set = new SequenceSet();
  for (let sequence = 0; sequence <= 200; sequence++) {
    assert.equal(set.add(sequence), true, `${sequence}`);
    assert.equal(set.add(sequence), false, `${sequence} again`);
    assert.deepEqual([set.size, set.span], [sequence + 1, sequence + 1]);
  }
});

Deno.test("SequenceSet has 8 MiB at most", () => {
  const set = new SequenceSet();
  assert.equal(set.add(8 * 1024 * 1024 * 8), true);
  assert.equal(set.add(8 * 1024 * 1024 * 8 + 1), false);
});
