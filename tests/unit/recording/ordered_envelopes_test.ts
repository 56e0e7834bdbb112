import assert from "node:assert/strict";
import fc from "fast-check";
import { openPlain } from "../../../src/recording/work_file.ts";
import { orderedEnvelopes } from "../../../src/recording/ordered_envelopes.ts";
import { temporaryFolder } from "../../support/folders.ts";

/** The envelopes of a file with these lines, as `type` and `timestamp`. */
function orderOf(lines: readonly string[]): string[] {
  using folder = temporaryFolder();
  const path = `${folder.path}/lines`;
  Deno.writeTextFileSync(path, lines.map((line) => `${line}\n`).join(""));
  using file = openPlain(path);
  return [...orderedEnvelopes(file)].flatMap((envelope) =>
    envelope ? [`${envelope.type}${envelope.timestamp}`] : []
  );
}

const line = (type: string, timestamp: number, extra = "") =>
  JSON.stringify({ type, timestamp, payload: { extra } });

Deno.test("orderedEnvelopes() puts replayed messages at their times, each once", () => {
  const order = orderOf([
    line("c", 1),
    line("e", 1),
    line("c", 6),
    line("e", 7),
    line("c", 3),
    line("c", 2),
    line("c", 3, "again"),
    line("c", 6, "again"),
    line("c", 8),
    line("c", 7),
  ]);
  assert.deepEqual(order, ["c1", "e1", "c2", "c3", "c6", "e7", "c7", "c8"]);
});

Deno.test("orderedEnvelopes() yields each timestamp of a type once and in order", () => {
  const timestamps = fc.array(fc.integer({ min: -9, max: 30 }), { maxLength: 40 });
  fc.assert(
    fc.property(timestamps, (times) => {
      const expected = [...new Set(times)].sort((a, b) => a - b).map((time) => `c${time}`);
      assert.deepEqual(orderOf(times.map((time) => line("c", time))), expected);
    }),
    { numRuns: 50 },
  );
});

Deno.test("orderedEnvelopes() reads lines in any form, over the limits of blocks, and skips others", () => {
  const long = "é".repeat(100_000);
  const lines = [
    JSON.stringify({ payload: {}, timestamp: 1, type: "c" }),
    "no envelope",
    '{"type":"c","timestamp":2,',
    ...Array.from({ length: 30 }, (_, k) => line("c", 3 + k, long)),
    line("c", 2.5),
  ];
  const expected = ["c1", "c2.5", ...Array.from({ length: 30 }, (_, k) => `c${3 + k}`)];
  assert.deepEqual(orderOf(lines), expected);
});

Deno.test("orderedEnvelopes() skips a line whose repeated keys contradict its beginning", () => {
  const repeated = [
    '{"type":"c","timestamp":3,"timestamp":9,"payload":{}}',
    '{"type":"c","timestamp":4,"payload":{},"type":"e"}',
  ];
  const order = orderOf([line("c", 2), ...repeated, line("c", 5), ...repeated, line("e", 1)]);
  assert.deepEqual(order, ["c2", "c5", "e1"]);
});
