import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { Progress } from "../../../src/validation/progress.ts";
import { faceSamples } from "../../support/face_samples.ts";

/** Watches 3 s of samples, each of which takes `stepUs` to measure. */
async function watch(
  { terminal, stepUs, total, durationS }: {
    terminal: boolean;
    stepUs: number;
    total: number;
    durationS?: number;
  },
): Promise<string[]> {
  const written: string[] = [];
  let nowUs = 5_000_000;
  const progress = new Progress({
    write: (text) => void written.push(text),
    terminal,
    clock: { monotonicUs: () => monotonicUs(nowUs) },
  });
  const samples = faceSamples({ seconds: 3, fps: 10, startUs: 100_000_000 });
  let count = 0;
  for await (const _ of progress.watch(samples, { name: "a", number: 2, total, durationS })) {
    count++;
    nowUs += stepUs;
  }
  assert.equal(count, 30);
  progress.end();
  progress.end();
  return written;
}

Deno.test("Progress replaces one line of a terminal, five times a second, and removes it", async () => {
  const written = await watch({ terminal: true, stepUs: 100_000, total: 3, durationS: 3 });
  assert.equal(written.length, 15);
  assert.equal(written[0], "\rMeasuring recording 2 of 3 (a): 0 s of 3 s, after 0 s");
  assert.equal(written[13], "\rMeasuring recording 2 of 3 (a): 3 s of 3 s, after 3 s");
  assert.match(written[14]!, /^\r {50,}\r$/);
});

Deno.test("Progress writes a line every 10 s if it is not a terminal", async () => {
  assert.deepEqual(await watch({ terminal: false, stepUs: 1_000_000, total: 1 }), [
    "Measuring: 1 s, after 10 s\n",
    "Measuring: 2 s, after 20 s\n",
  ]);
  assert.deepEqual(await watch({ terminal: false, stepUs: 300_000, total: 1 }), []);
});

Deno.test("Progress covers the rest of a longer line on a terminal", async () => {
  const written: string[] = [];
  let nowUs = 0;
  const progress = new Progress({
    write: (text) => void written.push(text),
    terminal: true,
    clock: { monotonicUs: () => monotonicUs(nowUs += 1_000_000) },
  });
  for (const name of ["a_long_name", "b"]) {
    const [sample] = faceSamples({ seconds: 1 });
    for await (const _ of progress.watch([sample!], { name, number: 1, total: 2 }));
  }
  assert.equal(written[0]!.length, written[1]!.length);
});
