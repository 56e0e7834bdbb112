/**
 * What is told of simulated people, their settings drawn by a seeded rule, beside the truth:
 *
 *     deno run -A scripts/measure_simulated.ts [people] [first seed] [seconds each]
 *
 * Pulse against the mean rate of the last 10 s, breathing against that of the last 30 s, RMSSD
 * against that of the true beats which the told one is about. Nothing is fitted on these.
 */
import { SimulatedCamera } from "../src/capture/simulator/camera.ts";
import type { TruthSample } from "../src/capture/simulator/truth.ts";
import { Vision } from "../src/vision/vision.ts";
import { createVitalsEngine } from "../src/vitals/engine.ts";
import { variabilityOf } from "../src/vitals/hrv/variability.ts";
import { Random } from "../tests/support/random.ts";

const [people = 16, firstSeed = 1, durationS = 75] = Deno.args.map(Number);
const ESTIMATE_US = 200_000;
/** An RMSSD is of the beats of a minute that end about a second ago. */
const HRV_S = 60;

interface Told {
  readonly value: number;
  readonly truth: number;
  readonly confidence: number;
}

function draw(seed: number) {
  const random = new Random(seed);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  // A held pulse or breath of 0 and steps have tests of their own.
  return {
    // Half of the people are at rest: fast hearts have next to no variability.
    pulse: Math.round(random.uniform() < 0.5 ? between(45, 90) : between(40, 180)),
    breathing: Math.round(Math.exp(between(Math.log(4), Math.log(40))) * 10) / 10,
    variability: random.uniform() < 0.5 ? 1 : between(0.3, 2),
    noise: between(0, 3),
    motion: random.uniform() < 0.5 ? 0 : between(0, 4),
    light: random.uniform() < 0.5 ? 0 : between(0, 0.15),
    frameDrop: random.uniform() < 0.4 ? 0 : between(0, 0.3),
    seed,
  };
}

async function watch(settings: ReturnType<typeof draw>) {
  const truth: TruthSample[] = [];
  await using camera = new SimulatedCamera({
    ...settings,
    durationS,
    realtime: false,
    onTruth: (sample) => truth.push(sample),
  });
  await using vision = await Vision.open();
  const engine = createVitalsEngine();
  const pulse: Told[] = [];
  const breathing: Told[] = [];
  const hrv: Told[] = [];
  let [startUs, nextUs, asked] = [NaN, -Infinity, 0];
  for await (const event of camera) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    if (Number.isNaN(startUs)) startUs = frame.timeUs;
    engine.push(await vision.observeInOrder(frame));
    if (frame.timeUs < nextUs) continue;
    nextUs = frame.timeUs + ESTIMATE_US;
    const estimate = engine.estimate(frame.timeUs);
    const endS = (frame.timeUs - startUs) / 1e6;
    if (endS < 10) continue;
    asked++;
    const mean = (seconds: number, rateOf: (sample: TruthSample) => number) => {
      const rates = truth.filter(({ timeS }) => timeS > endS - seconds && timeS <= endS).map(
        rateOf,
      );
      return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    };
    const { strict } = estimate.pulse;
    if (strict) pulse.push({ ...strict, truth: mean(10, ({ pulseRate }) => pulseRate) });
    const breath = estimate.breathing.strict;
    if (breath) breathing.push({ ...breath, truth: mean(30, ({ breathRate }) => breathRate) });
    const variability = estimate.pulse.hrv;
    if (!variability) continue;
    const beats = truth.flatMap(({ beatsS }) => beatsS)
      .filter((time) => time > endS - HRV_S && time <= endS - 1);
    const { rmssd = NaN } = variabilityOf(beats) ?? {};
    hrv.push({ value: variability.rmssd, confidence: variability.confidence, truth: rmssd });
  }
  return { pulse, breathing, hrv, asked };
}

const errorsOf = (told: readonly Told[]) => told.map(({ value, truth }) => Math.abs(value - truth));
const within = (told: readonly Told[], limit: number) =>
  told.length
    ? Number((errorsOf(told).filter((error) => error <= limit).length / told.length).toFixed(4))
    : null;
const largest = (values: readonly number[]) =>
  values.length ? Number(Math.max(...values).toFixed(2)) : null;

const all: Awaited<ReturnType<typeof watch>>[] = [];
for (let seed = firstSeed; seed < firstSeed + people; seed++) {
  const settings = draw(seed);
  const said = await watch(settings);
  all.push(said);
  const { pulse, breathing, hrv, asked } = said;
  const round = (value: number) => Number(value.toFixed(2));
  console.log(JSON.stringify({
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, round(value)]),
    ),
    pulse: { told: round(pulse.length / asked), worst: largest(errorsOf(pulse)) },
    breathing: { told: round(breathing.length / asked), worst: largest(errorsOf(breathing)) },
    hrv: {
      told: hrv.length,
      truth: hrv.length ? round(hrv.at(-1)!.truth) : null,
      last: hrv.length ? round(hrv.at(-1)!.value) : null,
      worst: largest(errorsOf(hrv)),
      confidence: largest(hrv.map(({ confidence }) => confidence)),
    },
  }));
}
const asked = all.reduce((sum, run) => sum + run.asked, 0);
for (const [vital, limit] of [["pulse", 1], ["breathing", 1], ["hrv", 10]] as const) {
  const told = all.flatMap((run) => run[vital]);
  const stated = told.reduce((sum, { confidence }) => sum + confidence, 0) / told.length;
  console.log(
    `${vital}: ${told.length} of ${asked} told, ${within(told, limit)} within ${limit}, worst ` +
      `${largest(errorsOf(told))}, stated ${stated.toFixed(3)} on average`,
  );
}
