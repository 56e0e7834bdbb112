/**
 * Compares published vitals of simulated people with the truth. Their settings are random, from a
 * seed. No model is fitted on them.
 *
 *     deno run -A scripts/measure_simulated.ts [PEOPLE] [FIRST_SEED] [SECONDS]
 *
 * The truth is the mean pulse rate of the last 10 s, the mean breathing rate of the last 30 s, and
 * the RMSSD of the true heartbeats of the measured minute.
 */
import { SimulatedCamera } from "../src/capture/simulator/camera.ts";
import type { TruthSample } from "../src/capture/simulator/truth.ts";
import { Vision } from "../src/vision/vision.ts";
import { createVitalsEngine } from "../src/vitals/engine.ts";
import { RateNetwork } from "../src/vitals/pulse/rate_network/rate_network.ts";
import { variabilityOf } from "../src/vitals/hrv/variability.ts";
import { Random } from "../tests/support/random.ts";
import { exitWithUsage, parseCounts } from "./fit/command_line.ts";

const USAGE = `deno run -A scripts/measure_simulated.ts [PEOPLE] [FIRST_SEED] [SECONDS]
PEOPLE is the number of simulated people (default 16), FIRST_SEED the seed of the first of them
(default 1), SECONDS the length of each recording (default 75).`;
if (Deno.args.length > 3) exitWithUsage(USAGE);
const [people = 16, firstSeed = 1, durationS = 75] = parseCounts(Deno.args, USAGE);
const ESTIMATE_US = 200_000;
/** Rates of the first seconds are not compared. */
const FIRST_S = 10;
/** An RMSSD is measured on the beats of one minute, which ends about a second ago. */
const HRV_S = 60;
const HRV_DELAY_S = 1;

interface Published {
  readonly value: number;
  readonly truth: number;
  readonly confidence: number;
}

function randomSettings(seed: number) {
  const random = new Random(seed);
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  // Rates of 0 and steps of the rate have their own tests.
  return {
    // Half of the people have a resting pulse: fast pulses have next to no variability.
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

async function measure(settings: ReturnType<typeof randomSettings>) {
  const truth: TruthSample[] = [];
  await using camera = new SimulatedCamera({
    ...settings,
    durationS,
    realtime: false,
    onTruth: (sample) => truth.push(sample),
  });
  await using vision = await Vision.open();
  using rateNetwork = await RateNetwork.open();
  const engine = createVitalsEngine({ pulse: { rateNetwork } });
  const pulse: Published[] = [];
  const breathing: Published[] = [];
  const hrv: Published[] = [];
  let [startUs, nextUs, estimates] = [NaN, -Infinity, 0];
  for await (const event of camera) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    if (Number.isNaN(startUs)) startUs = frame.timeUs;
    engine.push(await vision.observeInOrder(frame));
    if (frame.timeUs < nextUs) continue;
    nextUs = frame.timeUs + ESTIMATE_US;
    const estimate = engine.estimate(frame.timeUs);
    const endS = (frame.timeUs - startUs) / 1e6;
    if (endS < FIRST_S) continue;
    estimates++;
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
      .filter((time) => time > endS - HRV_S && time <= endS - HRV_DELAY_S);
    const { rmssd = NaN } = variabilityOf(beats) ?? {};
    hrv.push({ value: variability.rmssd, confidence: variability.confidence, truth: rmssd });
  }
  return { pulse, breathing, hrv, estimates };
}

const errorsOf = (values: readonly Published[]) =>
  values.map(({ value, truth }) => Math.abs(value - truth));
const shareWithin = (values: readonly Published[], limit: number) =>
  values.length
    ? Number(
      (errorsOf(values).filter((error) => error <= limit).length / values.length).toFixed(4),
    )
    : null;
const largest = (values: readonly number[]) =>
  values.length ? Number(Math.max(...values).toFixed(2)) : null;
const round = (value: number) => Number(value.toFixed(2));

const results: Awaited<ReturnType<typeof measure>>[] = [];
for (let seed = firstSeed; seed < firstSeed + people; seed++) {
  const settings = randomSettings(seed);
  const result = await measure(settings);
  results.push(result);
  const { pulse, breathing, hrv, estimates } = result;
  console.log(JSON.stringify({
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, round(value)]),
    ),
    pulse: { published: round(pulse.length / estimates), maxError: largest(errorsOf(pulse)) },
    breathing: {
      published: round(breathing.length / estimates),
      maxError: largest(errorsOf(breathing)),
    },
    hrv: {
      published: hrv.length,
      truth: hrv.length ? round(hrv.at(-1)!.truth) : null,
      last: hrv.length ? round(hrv.at(-1)!.value) : null,
      maxError: largest(errorsOf(hrv)),
      confidence: largest(hrv.map(({ confidence }) => confidence)),
    },
  }));
}
const estimates = results.reduce((sum, result) => sum + result.estimates, 0);
for (const [vital, limit] of [["pulse", 1], ["breathing", 1], ["hrv", 10]] as const) {
  const published = results.flatMap((result) => result[vital]);
  const confidence = published.reduce((sum, value) => sum + value.confidence, 0) /
    published.length;
  console.log(
    `${vital}: ${published.length} of ${estimates} published, ` +
      `share within ${limit}: ${shareWithin(published, limit)}, ` +
      `largest error: ${largest(errorsOf(published))}, mean confidence: ${confidence.toFixed(3)}`,
  );
}
