import { mean } from "../base/statistics.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import type { VitalsEngine } from "../vitals/estimate.ts";
import { TOLERANCE } from "./statistics.ts";

/** A step of the pulse rate, in beats/min. */
export interface RateStep {
  readonly from: number;
  readonly to: number;
  /** Time of the step in seconds since the first sample. */
  readonly atS: number;
}

/** The pulse that is published at a time in seconds since the first sample; absent if withheld. */
export interface PublishedPulse {
  readonly timeS: number;
  readonly value?: number;
}

/** Least, mean and greatest of several measurements, in seconds. */
export interface TimeRange {
  readonly least: number;
  readonly mean: number;
  readonly greatest: number;
}

/** Response to all steps between the same two rates. */
export interface StepResponse {
  readonly from: number;
  readonly to: number;
  /** Number of such steps. */
  readonly steps: number;
  /** Number of steps after which the new rate was published. */
  readonly reached: number;
  /** Time to a value that has passed 63 % of the step; absent if none did. */
  readonly to63Percent?: TimeRange;
  /** Time to a value within the tolerance of the new rate; absent if none was. */
  readonly toNewRate?: TimeRange;
  /** Time until the last value that was more than 5 beats/min off the new rate. */
  readonly wrongValue: TimeRange;
}

/** Error in beats/min over which a value does not describe the new rate. */
const WRONG = 5;

/** Returns an engine that also adds the pulse of each estimate to `published`. */
export function recordPublished(
  engine: VitalsEngine,
  published: PublishedPulse[],
): VitalsEngine {
  let startUs: number | undefined;
  let newestUs = 0;
  return {
    push(sample: RegionSample) {
      startUs ??= sample.timeUs;
      newestUs = sample.timeUs;
      engine.push(sample);
    },
    estimate(nowUs) {
      const estimate = engine.estimate(nowUs);
      const { strict } = estimate.pulse;
      published.push({
        timeS: (newestUs - (startUs ?? newestUs)) / 1e6,
        ...(strict ? { value: strict.value } : {}),
      });
      return estimate;
    },
    setDisconnected: (disconnected) => engine.setDisconnected(disconnected),
    reset: () => engine.reset(),
  };
}

/**
 * Measures the response time of the heart rate meter to a change in heart rate, which IEC
 * 60601-2-27 (201.7.9.2.9.101 b) 5) requires to be disclosed for a step increase from 80 to 120 and
 * a step decrease from 80 to 40 beats/min. The time starts with the step itself, which is up to one
 * beat before the first beat at the new rate.
 *
 * @param published in the order of time; those after the next step are not used
 */
export function stepResponses(
  steps: readonly RateStep[],
  published: readonly PublishedPulse[],
): StepResponse[] {
  const measured = steps.map((step, k) => {
    const endS = steps[k + 1]?.atS ?? Infinity;
    const after = published.filter(({ timeS }) => timeS >= step.atS && timeS < endS);
    return { ...step, ...measure(step, after) };
  });
  const groups = Map.groupBy(measured, ({ from, to }) => `${from} ${to}`);
  return [...groups.values()].map((group): StepResponse => {
    const to63Percent = timeRange(group.map(({ to63S }) => to63S));
    const toNewRate = timeRange(group.map(({ newRateS }) => newRateS));
    return {
      from: group[0]!.from,
      to: group[0]!.to,
      steps: group.length,
      reached: group.filter(({ newRateS }) => newRateS !== undefined).length,
      ...(to63Percent ? { to63Percent } : {}),
      ...(toNewRate ? { toNewRate } : {}),
      wrongValue: timeRange(group.map(({ wrongS }) => wrongS))!,
    };
  });
}

function measure({ from, to, atS }: RateStep, published: readonly PublishedPulse[]) {
  const firstWhere = (isReached: (value: number) => boolean) => {
    const first = published.find(({ value }) => value !== undefined && isReached(value));
    return first && first.timeS - atS;
  };
  const wrong = published.findLast(({ value }) =>
    value !== undefined && Math.abs(value - to) > WRONG
  );
  return {
    to63S: firstWhere((value) => (value - from) / (to - from) >= 0.63),
    newRateS: firstWhere((value) => Math.abs(value - to) <= TOLERANCE.pulse),
    wrongS: wrong ? wrong.timeS - atS : 0,
  };
}

function timeRange(values: readonly (number | undefined)[]): TimeRange | undefined {
  const times = values.filter((value) => value !== undefined);
  if (!times.length) return undefined;
  return { least: Math.min(...times), mean: mean(times), greatest: Math.max(...times) };
}
