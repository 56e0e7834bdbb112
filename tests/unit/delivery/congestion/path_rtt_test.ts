import assert from "node:assert/strict";
import { PathRtt } from "../../../../src/delivery/congestion/path_rtt.ts";

/** Adds a sample every 100 ms from `fromMs` on; returns whether the path has changed. */
function addSamples(
  path: PathRtt,
  { rttMs, fromMs, ms, unloaded = true }: {
    rttMs: (ms: number) => number;
    fromMs: number;
    ms: number;
    unloaded?: boolean;
  },
): boolean {
  let changed = false;
  for (let at = 0; at < ms; at += 100) {
    changed ||= path.addSample(rttMs(at) * 1000, (fromMs + at) * 1000, { unloaded });
  }
  return changed;
}

Deno.test("PathRtt.minUs is the lowest sample, and 0 without one", () => {
  const path = new PathRtt();
  assert.equal(path.minUs, 0);
  for (const rttUs of [300, 200, 900]) path.addSample(rttUs, 0, { unloaded: false });
  assert.equal(path.minUs, 200);
  path.reset();
  assert.equal(path.minUs, 0);
});

Deno.test("PathRtt takes a delay that stays the same for 1 s without load for a longer path", () => {
  const path = new PathRtt();
  addSamples(path, { rttMs: () => 10, fromMs: 0, ms: 5000 });
  const rttMs = (ms: number) => 300 + ms % 400 / 5;
  addSamples(path, { rttMs: () => 800, fromMs: 5000, ms: 100 });
  assert.equal(addSamples(path, { rttMs, fromMs: 5100, ms: 1000 }), false);
  assert.equal(addSamples(path, { rttMs, fromMs: 6100, ms: 100 }), true);
  assert.ok(Math.abs(path.minUs - 300_000) < 1000, `${path.minUs}`);
});

Deno.test("PathRtt takes no delay for a longer path that grows, shrinks or jumps, or under load", () => {
  const path = new PathRtt();
  addSamples(path, { rttMs: () => 10, fromMs: 0, ms: 1000 });
  for (
    const rttMs of [
      (ms: number) => 100 + ms / 5,
      (ms: number) => 3000 - ms / 5,
      (ms: number) => ms % 500 ? 300 : 410,
    ]
  ) {
    assert.equal(addSamples(path, { rttMs, fromMs: 1000, ms: 10_000 }), false);
  }
  const loaded = { rttMs: () => 300, fromMs: 20_000, ms: 10_000, unloaded: false };
  assert.equal(addSamples(path, loaded), false);
  assert.equal(path.minUs, 10_000);
});

Deno.test("PathRtt ignores an increase of less than 50 ms", () => {
  const path = new PathRtt();
  addSamples(path, { rttMs: () => 10, fromMs: 0, ms: 1000 });
  assert.equal(addSamples(path, { rttMs: () => 59, fromMs: 1000, ms: 5000 }), false);
  const other = new PathRtt();
  addSamples(other, { rttMs: () => 10, fromMs: 0, ms: 1000, unloaded: false });
  assert.equal(addSamples(other, { rttMs: () => 60, fromMs: 1000, ms: 5000 }), true);
});
