import assert from "node:assert/strict";
import { SimulatedCamera } from "../../../src/capture/simulator/camera.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import { Vision } from "../../../src/vision/vision.ts";

const ESTIMATE_US = 200_000;

/** Everything that is said of a simulated person, at full speed through the real vision. */
async function estimates(
  { pulse, breathing, durationS }: { pulse: number; breathing: number; durationS: number },
): Promise<{ atS: number; estimate: VitalsEstimate }[]> {
  await using camera = new SimulatedCamera({ pulse, breathing, durationS, realtime: false });
  await using vision = await Vision.open();
  const engine = createVitalsEngine();
  const said: { atS: number; estimate: VitalsEstimate }[] = [];
  let startUs: number | undefined;
  let nextUs = -Infinity;
  for await (const event of camera) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    startUs ??= frame.timeUs;
    engine.push(await vision.observeInOrder(frame));
    if (frame.timeUs < nextUs) continue;
    nextUs = frame.timeUs + ESTIMATE_US;
    said.push({ atS: (frame.timeUs - startUs) / 1e6, estimate: engine.estimate(frame.timeUs) });
  }
  return said;
}

for (
  const [pulse, breathing] of [[48, 8], [72, 15], [110, 24], [160, 15]] as const
) {
  Deno.test(`a simulated ${pulse} beats/min and ${breathing} breaths/min are found within 1`, async () => {
    const said = await estimates({ pulse, breathing, durationS: 42 });
    const late = {
      pulse: said.filter(({ atS }) => atS >= 12).map(({ estimate }) => estimate.pulse),
      breathing: said.filter(({ atS }) => atS >= 30).map(({ estimate }) => estimate.breathing),
    };
    for (const [vital, truth] of [["pulse", pulse], ["breathing", breathing]] as const) {
      const values = late[vital].flatMap(({ strict }) => strict ? [strict.value] : []);
      const coverage = values.length / late[vital].length;
      const worst = Math.max(...values.map((value) => Math.abs(value - truth)));
      assert.ok(coverage > 0.9, `${vital} is given in ${coverage} of the windows`);
      // The rate itself varies from beat to beat: within 1 of the mean for all but a few windows.
      const within = values.filter((value) => Math.abs(value - truth) <= 1).length / values.length;
      assert.ok(within > 0.95, `${vital}: ${within} within 1, the worst off by ${worst}`);
    }
  });
}
