import assert from "node:assert/strict";
import { SimulatedCamera } from "../../../src/capture/simulator/camera.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { RateNetwork } from "../../../src/vitals/pulse/rate_network/rate_network.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import { Vision } from "../../../src/vision/vision.ts";

const ESTIMATE_US = 200_000;

/** Returns five estimates a second of a simulated person, with vision and vitals at full speed. */
async function estimatesOf(
  { pulse, breathing, durationS }: { pulse: number; breathing: number; durationS: number },
): Promise<{ atS: number; estimate: VitalsEstimate }[]> {
  await using camera = new SimulatedCamera({ pulse, breathing, durationS, realtime: false });
  await using vision = await Vision.open();
  using rateNetwork = await RateNetwork.open();
  const engine = createVitalsEngine({ pulse: { rateNetwork } });
  const estimates: { atS: number; estimate: VitalsEstimate }[] = [];
  let startUs: number | undefined;
  let nextUs = -Infinity;
  for await (const event of camera) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    startUs ??= frame.timeUs;
    engine.push(await vision.observeInOrder(frame));
    if (frame.timeUs < nextUs) continue;
    nextUs = frame.timeUs + ESTIMATE_US;
    estimates.push({
      atS: (frame.timeUs - startUs) / 1e6,
      estimate: engine.estimate(frame.timeUs),
    });
  }
  return estimates;
}

for (
  const [pulse, breathing] of [[48, 8], [72, 15], [110, 24], [160, 15]] as const
) {
  Deno.test(`VitalsEngine measures simulated ${pulse} beats/min and ${breathing} breaths/min within 1`, async () => {
    const estimates = await estimatesOf({ pulse, breathing, durationS: 42 });
    const late = {
      pulse: estimates.filter(({ atS }) => atS >= 12).map(({ estimate }) => estimate.pulse),
      breathing: estimates.filter(({ atS }) => atS >= 30).map(({ estimate }) => estimate.breathing),
    };
    for (const [vital, truth] of [["pulse", pulse], ["breathing", breathing]] as const) {
      const values = late[vital].flatMap(({ strict }) => strict ? [strict.value] : []);
      const coverage = values.length / late[vital].length;
      const worst = Math.max(...values.map((value) => Math.abs(value - truth)));
      assert.ok(coverage > 0.9, `${vital} has a value in ${coverage} of the windows`);
      // The true rate varies from beat to beat, so a few windows may differ by more than 1.
      const within = values.filter((value) => Math.abs(value - truth) <= 1).length / values.length;
      assert.ok(within > 0.95, `${vital}: ${within} within 1, the largest error is ${worst}`);
    }
  });
}
