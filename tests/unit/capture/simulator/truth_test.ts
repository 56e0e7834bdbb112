import assert from "node:assert/strict";
import {
  advanceTruth,
  simulateTruth,
  TRUTH_HEADER,
  truthRow,
} from "../../../../src/capture/simulator/truth.ts";
import { Physiology } from "../../../../src/capture/simulator/physiology.ts";

/** Events per minute, from the first to the last. */
function ratePerMinute(timesS: readonly number[]): number {
  return (60 * (timesS.length - 1)) / (timesS.at(-1)! - timesS[0]!);
}

for (const pulse of [40, 72, 110, 180]) {
  Deno.test(`simulateTruth() keeps a mean pulse of ${pulse} over three minutes and over ten seconds`, () => {
    const { beatsS } = simulateTruth({ pulse, durationS: 180, seed: pulse });
    assert.ok(Math.abs(ratePerMinute(beatsS) - pulse) < 0.005 * pulse);
    for (let from = 0; from < 170; from += 5) {
      const inside = beatsS.filter((time) => time >= from && time < from + 10);
      assert.ok(Math.abs(ratePerMinute(inside) - pulse) < 0.025 * pulse, `from ${from} s`);
    }
  });
}

for (const breathing of [4, 15, 40]) {
  Deno.test(`simulateTruth() gives ${breathing} breaths per minute`, () => {
    const { breathsS, breath } = simulateTruth({ breathing, durationS: 120 });
    assert.ok(Math.abs(ratePerMinute(breathsS) - breathing) < 0.01);
    assert.ok(breath.every((value) => value > -0.01 && value < 1.3));
  });
}

Deno.test("simulateTruth() varies the intervals between beats like an adult at rest", () => {
  const { beatsS } = simulateTruth({ pulse: 65, durationS: 300 });
  const intervalsMs = beatsS.slice(1).map((time, i) => 1000 * (time - beatsS[i]!));
  const mean = intervalsMs.reduce((sum, ms) => sum + ms) / intervalsMs.length;
  const sdnn = Math.sqrt(
    intervalsMs.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / intervalsMs.length,
  );
  assert.ok(sdnn > 10 && sdnn < 60, `SDNN ${sdnn} ms`);
  const still = simulateTruth({ pulse: 65, variability: 0, durationS: 60 }).beatsS;
  for (const [i, time] of still.slice(1).entries()) {
    assert.ok(Math.abs(time - still[i]! - 60 / 65) < 1e-6 + 0.022 * 60 / 65);
  }
});

Deno.test("simulateTruth() depends on the seed alone", () => {
  const [a, b, c] = [7, 7, 8].map((seed) => simulateTruth({ seed, durationS: 5 }));
  assert.deepEqual(a, b);
  assert.notDeepEqual(a!.bvp, c!.bvp);
});

Deno.test("simulateTruth() gives a BVP of mean 0 and a range of about 1", () => {
  const { bvp } = simulateTruth({ durationS: 60 });
  const mean = bvp.reduce((sum, value) => sum + value) / bvp.length;
  assert.ok(Math.abs(mean) < 0.02, `mean ${mean}`);
  const range = Math.max(...bvp) - Math.min(...bvp);
  assert.ok(range > 0.8 && range < 1.4, `range ${range}`);
});

Deno.test("simulateTruth() gives no pulse at rate 0, and a constant chest without breathing", () => {
  const { bvp, breath, beatsS, breathsS } = simulateTruth({ pulse: 0, breathing: 0, durationS: 5 });
  assert.ok(bvp.every((value) => value === 0));
  assert.ok(breath.every((value) => value === breath[0]));
  assert.deepEqual([...beatsS, ...breathsS], []);
});

Deno.test("truthRow() has as many columns as TRUTH_HEADER", () => {
  const physiology = new Physiology();
  const columns = TRUTH_HEADER.split(",").length;
  for (let i = 0; i < 40; i++) {
    assert.equal(truthRow(advanceTruth(physiology, i / 30)).split(",").length, columns);
  }
});

const SAMPLE = {
  timeS: 1 / 3,
  pulsePhase: 0.123456,
  bvp: -0.12345678,
  pulseRate: 71.23456,
  breath: 0.8765432,
  breathRate: 14.98765,
  beatsS: [0.1, 0.23456789],
  breathsS: [],
};

Deno.test("truthRow() rounds each value, and gives the newest beat and breath", () => {
  const row = "0.333333,0.1235,-0.12346,71.235,0.87654,14.988,0.2346,";
  assert.equal(truthRow(SAMPLE), `${row}\n`);
  assert.equal(
    truthRow({ ...SAMPLE, breathsS: [0.3] }, 1_700_000_000_000_000),
    [
      `${row}0.3000`,
      "1700000000000000\n",
    ].join(","),
  );
});

Deno.test("simulateTruth() gives 30 samples per second by default", () => {
  const { timeS, bvp } = simulateTruth({ durationS: 2 });
  assert.deepEqual([timeS.length, bvp.length, timeS[59]], [60, 60, 59 / 30]);
  const { timeS: slow } = simulateTruth({ durationS: 2, fps: 10 });
  assert.deepEqual([slow.length, slow[19]], [20, 1.9]);
});
