/**
 * What all signal work of one second of video costs: `deno run -A tests/bench/vitals.ts [seconds]`.
 * A made-up face of six regions with chest and nose, 30 frames/s, asked five times a second.
 */
import { cpuUsage } from "node:process";
import { createVitalsEngine } from "../../src/vitals/engine.ts";
import { faceSamples } from "../support/face_samples.ts";

const seconds = Number(Deno.args[0] ?? 300);
/** Compilation and growing windows are no part of the steady state. */
const WARM_UP_S = 60;
const FRAMES_AN_ESTIMATE = 6;

const breath = (timeUs: number) => 0.0004 * Math.cos((2 * Math.PI * 0.25 * timeUs) / 1e6);
const samples = [...faceSamples({ seconds: seconds + WARM_UP_S, noise: 0.1 })].map((sample) => ({
  ...sample,
  chest: { dy: breath(sample.timeUs), confidence: 0.8 },
  nose: { dy: 0.2 * breath(sample.timeUs), confidence: 0.8 },
}));
const engine = createVitalsEngine({ phasicPressure: true, eda: true });
let before = cpuUsage();
let told = 0;
for (const [index, sample] of samples.entries()) {
  if (index === WARM_UP_S * 30) before = cpuUsage();
  engine.push(sample);
  if (index % FRAMES_AN_ESTIMATE) continue;
  const { pulse, breathing } = engine.estimate();
  if (pulse.strict && breathing.strict) told++;
}
const { user, system } = cpuUsage(before);
console.log(
  `${((user + system) / 1000 / seconds).toFixed(2)} ms of CPU for a second of video ` +
    `(${told} of ${samples.length / FRAMES_AN_ESTIMATE} estimates told pulse and breathing)`,
);
