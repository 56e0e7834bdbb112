/**
 * CPU time of all signal processing per second of video, for a synthetic face with chest and nose
 * at 30 frames/s and five estimates per second, and for one without a pulse, such as a mask, in which
 * it is searched again and again: `deno run -A tests/bench/vitals.ts [seconds]`.
 */
import { cpuUsage } from "node:process";
import { createVitalsEngine } from "../../src/vitals/engine.ts";
import { RateNetwork } from "../../src/vitals/pulse/rate_network/rate_network.ts";
import { faceSamples } from "../support/face_samples.ts";

const seconds = Number(Deno.args[0] ?? 300);
/** Compilation and windows that are not full yet are not measured. */
const WARM_UP_S = 60;
const FRAMES_PER_ESTIMATE = 6;
const FACES = { "a pulse": { noise: 0.1 }, "no pulse": { noise: 0.5, amplitude: 0 } } as const;

const breath = (timeUs: number) => 0.0004 * Math.cos((2 * Math.PI * 0.25 * timeUs) / 1e6);
using rateNetwork = await RateNetwork.open();
for (const [name, face] of Object.entries(FACES)) {
  const samples = [...faceSamples({ ...face, seconds: seconds + WARM_UP_S })].map((sample) => ({
    ...sample,
    chest: { dy: breath(sample.timeUs), confidence: 0.8 },
    nose: { dy: 0.2 * breath(sample.timeUs), confidence: 0.8 },
  }));
  const engine = createVitalsEngine({ phasicPressure: true, eda: true, pulse: { rateNetwork } });
  let before = cpuUsage();
  let complete = 0;
  for (const [index, sample] of samples.entries()) {
    if (index === WARM_UP_S * 30) before = cpuUsage();
    engine.push(sample);
    if (index % FRAMES_PER_ESTIMATE) continue;
    const { pulse, breathing } = engine.estimate();
    if (pulse.strict && breathing.strict) complete++;
  }
  const { user, system } = cpuUsage(before);
  console.log(
    `${name}: ${((user + system) / 1000 / seconds).toFixed(2)} ms CPU per second of video ` +
      `(${complete} of ${samples.length / FRAMES_PER_ESTIMATE} estimates have pulse and breathing)`,
  );
}
