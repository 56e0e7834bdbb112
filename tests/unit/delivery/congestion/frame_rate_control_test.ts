import assert from "node:assert/strict";
import { RateController } from "../../../../src/delivery/congestion/frame_rate_control.ts";

/** A controller with a confirmed degradation since the time 0. */
function degradedTo(degradation: number): RateController {
  const rate = new RateController();
  if (degradation > 0) rate.degrade(0, degradation);
  return rate;
}

Deno.test("RateController.degrade() goes up by a tenth, once in 500 ms", () => {
  const rate = new RateController();
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0, undefined]);
  for (
    const [nowUs, degradation] of [
      [0, 0.1],
      [499_999, 0.1],
      [500_000, 0.2],
      [999_999, 0.2],
      [1_000_000, 0.3],
    ] as const
  ) {
    rate.degrade(nowUs);
    assert.equal(rate.degradation, degradation, `${nowUs} us`);
  }
});

Deno.test("RateController.degrade() goes at once to a minimum, up to 1", () => {
  const rate = degradedTo(0.6);
  assert.equal(rate.degradation, 0.6);
  rate.degrade(1e6, 0.2);
  assert.equal(rate.degradation, 0.7);
  for (let count = 2; count < 9; count++) rate.degrade(count * 1e6);
  assert.equal(rate.degradation, 1);
});

Deno.test("RateController.degradeProvisionally() only goes up, at any time", () => {
  const rate = degradedTo(0.3);
  rate.degradeProvisionally(1, 0.3);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.3, undefined]);
  rate.degradeProvisionally(2, 0.5);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.5, 2]);
  rate.degradeProvisionally(3, 0.4);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.5, 2]);
  rate.degrade(4);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.5, undefined], "confirmed");
});

Deno.test("RateController.recover() lifts a degradation by two tenths, and confirms it at the minimum", () => {
  const rate = new RateController();
  rate.degradeProvisionally(0, 0.8);
  rate.recover(1, 0.1);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.6, 0]);
  rate.recover(2, 0.5);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.5, 0]);
  rate.recover(3, 0.5);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0.5, undefined]);
  rate.degrade(3);
  assert.equal(rate.degradation, 0.5, "the last step has not settled");
});

Deno.test("RateController.recover() to 0 leaves nothing provisional", () => {
  const rate = new RateController();
  rate.degradeProvisionally(0, 0.2);
  rate.recover(1, 0);
  assert.deepEqual([rate.degradation, rate.provisionalSinceUs], [0, undefined]);
});

Deno.test("RateController.reportLowUtilization() makes a degradation provisional after 3 s", () => {
  const rate = degradedTo(0.3);
  rate.reportLowUtilization(1000);
  rate.reportLowUtilization(3_000_999);
  assert.equal(rate.provisionalSinceUs, undefined);
  rate.reportLowUtilization(3_001_000);
  assert.equal(rate.provisionalSinceUs, 3_001_000);
});

for (
  const [name, interrupt] of [
    ["reportModerateUtilization()", (rate: RateController) => rate.reportModerateUtilization()],
    ["degrade()", (rate: RateController) => rate.degrade(2e6)],
    ["degradeProvisionally()", (rate: RateController) => rate.degradeProvisionally(2e6, 0.1)],
  ] as const
) {
  Deno.test(`RateController.${name} begins the period of low utilization again`, () => {
    const rate = degradedTo(0.3);
    rate.reportLowUtilization(0);
    interrupt(rate);
    rate.reportLowUtilization(3e6);
    assert.equal(rate.provisionalSinceUs, undefined);
    rate.reportLowUtilization(6e6);
    assert.equal(rate.provisionalSinceUs, 6e6);
  });
}

Deno.test("RateController.markProvisional() marks only what is degraded, and counts 3 s again", () => {
  const full = new RateController();
  full.markProvisional(5);
  assert.equal(full.provisionalSinceUs, undefined);
  const rate = degradedTo(0.3);
  rate.reportLowUtilization(0);
  rate.markProvisional(5);
  assert.equal(rate.provisionalSinceUs, 5);
  rate.reportLowUtilization(3e6);
  assert.equal(rate.provisionalSinceUs, 5);
});

for (
  const [from, ratio, degradation] of [
    [0, 1, 0],
    [0, 2 / 3, 0.1],
    [0, (2 / 3) ** 3, 0.3],
    [0, 0.5, 0.2],
    [0, 0.99, 0.1],
    [0, 7, 0],
    [0, 1e-9, 1],
    [0.3, 1.5, 0.2],
    [0.3, 1.49, 0.3],
    [0.3, 1, 0.3],
    [0.3, 2 / 3, 0.4],
  ] as const
) {
  Deno.test(`RateController.degradationFor() is ${degradation} for ${ratio} of the rate at ${from}`, () => {
    assert.equal(degradedTo(from).degradationFor(ratio), degradation);
  });
}

Deno.test("RateController.bitRateRatioTo() is two thirds for each tenth", () => {
  const rate = degradedTo(0.3);
  const ratios = [0, 0.3, 0.5].map((degradation) => rate.bitRateRatioTo(degradation));
  for (const [at, expected] of [8 / 27, 1, 9 / 4].entries()) {
    assert.ok(Math.abs(ratios[at]! - expected) < 1e-9, `${ratios[at]}`);
  }
});
