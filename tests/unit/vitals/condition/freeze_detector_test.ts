import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";
import { FreezeDetector } from "../../../../src/vitals/condition/freeze_detector.ts";
import { goodSample } from "../../../support/samples.ts";

const STILL = goodSample({ motion: 0 });
const SKIN = STILL.regions.skin!;

/** Time in ms after which frames that differ from the first by `change` count as frozen. */
function frozenAfter(change: (k: number) => Partial<RegionSample>): number | undefined {
  const detector = new FreezeDetector();
  for (let ms = 0; ms <= 1000; ms += 50) {
    detector.push({ ...STILL, ...change(ms / 50), timeUs: monotonicUs(1000 * ms) });
    if (detector.isFrozen) return ms;
  }
  return undefined;
}

Deno.test("FreezeDetector reports identical frames after half a second", () => {
  assert.equal(frozenAfter(() => ({})), 500);
});

Deno.test("FreezeDetector reports nothing while any measurement changes", () => {
  const changes: Readonly<Record<string, (k: number) => Partial<RegionSample>>> = {
    "motion": () => ({ motion: 0.01 }),
    "brightness": (k) => ({ brightness: 100 + (k % 2) / 1000 }),
    "clipped pixels": (k) => ({ clipped: (k % 2) / 1000 }),
    "skin": (k) => ({ regions: { ...STILL.regions, skin: { ...SKIN, b: 90 + (k % 2) / 1e6 } } }),
    "background": (k) => ({
      regions: { ...STILL.regions, background: { ...SKIN, r: 90 + (k % 2) / 1e6 } },
    }),
    "ready signals": (k) => ({ readySignals: [1, k] }),
    "every tenth frame": (k) => ({ motion: k % 10 === 9 ? 1 : 0 }),
  };
  for (const [name, change] of Object.entries(changes)) {
    assert.equal(frozenAfter(change), undefined, name);
  }
});

Deno.test("FreezeDetector ends with the first frame that differs", () => {
  const detector = new FreezeDetector();
  for (const ms of [0, 300, 600]) detector.push({ ...STILL, timeUs: monotonicUs(1000 * ms) });
  assert.equal(detector.isFrozen, true);
  detector.push({ ...STILL, motion: 0.5, timeUs: monotonicUs(633_000) });
  assert.equal(detector.isFrozen, false);
});
