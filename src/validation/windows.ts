import type { RegionSample } from "../vision/region_sample.ts";
import type { RateSample, VitalsEngine } from "../vitals/estimate.ts";
import type { Withheld } from "../vitals/withheld.ts";
import type { Reference } from "./reference.ts";
import { type Vital, VITALS } from "./vital.ts";

/** Estimate of one vital sign at the end of one window, with its reference. */
export interface WindowResult {
  /** End of the window in seconds since the first sample. */
  readonly endS: number;
  /** The published value, absent while withheld. */
  readonly strict?: number;
  /** The estimated rate, published or not. */
  readonly rate?: number;
  /** Confidence of the estimated rate. */
  readonly confidence?: number;
  readonly withheld?: Withheld;
  /** Over the time that the published value describes, or else over the window. */
  readonly reference?: number;
}

export interface VitalRun {
  readonly windows: readonly WindowResult[];
  /** Seconds from the first sample to the first published value. */
  readonly firstValueS?: number;
}

export type ValidationRun = Readonly<Record<Vital, VitalRun>> & {
  /** Time of the first sample on the axis of the references, in seconds. */
  readonly startS: number;
  /** Seconds from the first to the last sample. */
  readonly seconds: number;
  readonly samples: number;
  /** Number of windows that ended in each condition. */
  readonly conditions: ReadonlyMap<string, number>;
};

export interface RunOptions {
  readonly windowS: number;
  readonly stepS: number;
  /** Interval between two estimates, as `--buffer_duration`. @default 0.2 */
  readonly publishS?: number;
  readonly references?: Readonly<Partial<Record<Vital, Reference>>>;
  /** True if the time of the references starts at the first sample. @default false */
  readonly fromFirstSample?: boolean;
}

/** Maximum age of an estimate at the end of a window. */
const STALE_US = 2_000_000;

/**
 * Feeds samples to an engine as the server does, and collects its estimates at the end of each
 * window. Only windows that lie completely within the recording are included.
 */
export async function runWindows(
  engine: VitalsEngine,
  samples: AsyncIterable<RegionSample> | Iterable<RegionSample>,
  { windowS, stepS, publishS = 0.2, references = {}, fromFirstSample = false }: RunOptions,
): Promise<ValidationRun> {
  const windows: Record<Vital, WindowResult[]> = { pulse: [], breathing: [] };
  const first: Partial<Record<Vital, number>> = {};
  const rates: Partial<Record<Vital, RateSample>> = {};
  const conditions = new Map<string, number>();
  let startUs: number | undefined;
  let newestUs = 0;
  let count = 0;
  let publishAtS = publishS;
  let windowEndS = windowS;
  for await (const sample of samples) {
    startUs ??= sample.timeUs;
    newestUs = sample.timeUs;
    engine.push(sample);
    count++;
    const elapsedS = (newestUs - startUs) / 1e6;
    const windowEnds = elapsedS >= windowEndS - 1e-3;
    if (elapsedS < publishAtS - 1e-3 && !windowEnds) continue;
    const estimate = engine.estimate();
    for (const vital of VITALS) {
      const newest = estimate[vital].rate.at(-1);
      if (newest) rates[vital] = newest;
      if (estimate[vital].strict) first[vital] ??= elapsedS;
    }
    while (publishAtS <= elapsedS + 1e-3) publishAtS += publishS;
    if (!windowEnds) continue;
    conditions.set(estimate.condition, (conditions.get(estimate.condition) ?? 0) + 1);
    const endS = fromFirstSample ? elapsedS : newestUs / 1e6;
    for (const vital of VITALS) {
      const { strict, withheld } = estimate[vital];
      const newest = rates[vital];
      const latest = newest && newestUs - newest.timeUs <= STALE_US ? newest : undefined;
      // A value after a change describes the time since then.
      const describedS = Math.min(windowS, strict?.windowS ?? windowS);
      const reference = references[vital]?.rateAt(endS, describedS);
      windows[vital].push({
        endS: elapsedS,
        ...(strict ? { strict: strict.value } : {}),
        ...(latest ? { rate: latest.value, confidence: latest.confidence } : {}),
        ...(withheld ? { withheld } : {}),
        ...(reference !== undefined ? { reference } : {}),
      });
    }
    while (windowEndS <= elapsedS + 1e-3) windowEndS += stepS;
  }
  const run = (vital: Vital): VitalRun => {
    const firstValueS = first[vital];
    return { windows: windows[vital], ...(firstValueS !== undefined ? { firstValueS } : {}) };
  };
  return {
    pulse: run("pulse"),
    breathing: run("breathing"),
    startS: fromFirstSample || startUs === undefined ? 0 : startUs / 1e6,
    seconds: startUs === undefined ? 0 : (newestUs - startUs) / 1e6,
    samples: count,
    conditions,
  };
}
