import type { ValidateSettings } from "./flags.ts";
import { UsageError } from "../base/errors.ts";
import type { Summary } from "./statistics.ts";
import { type Vital, VITALS } from "./vital.ts";

type Limits = Pick<
  ValidateSettings,
  "maxMae" | "maxP95" | "minCoverage" | "maxCalibrationError"
>;

/**
 * Returns the missed limits as sentences. Each limit applies to every vital sign with a reference.
 *
 * @throws {UsageError} if a limit is set and there is no reference
 */
export function missedLimits(
  summaries: Readonly<Record<Vital, Summary>>,
  { maxMae, maxP95, minCoverage, maxCalibrationError }: Limits,
): string[] {
  const compared = VITALS.filter((vital) => summaries[vital].n > 0);
  const hasLimits = maxMae > 0 || maxP95 > 0 || minCoverage > 0 || maxCalibrationError > 0;
  if (hasLimits && !compared.length) {
    throw new UsageError(
      "Cannot check a limit without a reference: add --reference_path and --reference_column",
    );
  }
  return compared.flatMap((vital) => {
    const { mae, p95, coverage, calibration_error } = summaries[vital];
    const missedAbove = (name: string, value: number | undefined, limit: number) =>
      limit > 0 && !(value !== undefined && value <= limit)
        ? [`${vital}: ${name} is ${format(value)}, over the limit of ${limit}`]
        : [];
    return [
      ...missedAbove("mean absolute error", mae, maxMae),
      ...missedAbove("95th percentile", p95, maxP95),
      ...missedAbove("calibration error", calibration_error, maxCalibrationError),
      ...((coverage ?? 0) < minCoverage
        ? [`${vital}: coverage is ${format(coverage)}, under the limit of ${minCoverage}`]
        : []),
    ];
  });
}

function format(value: number | undefined): string {
  return value === undefined ? "unknown" : value.toFixed(3);
}
