import type { ValidateSettings } from "./flags.ts";
import { UsageError } from "../base/errors.ts";
import type { Summary } from "./statistics.ts";
import { type Vital, VITALS } from "./vital.ts";

type Limits = Pick<
  ValidateSettings,
  "maxMae" | "maxP95" | "minCoverage" | "maxCalibrationError"
>;

/**
 * The limits that were missed, as sentences. Each applies to every vital that has a reference.
 *
 * @throws {UsageError} where a limit is given and nothing can be compared
 */
export function missedLimits(
  summaries: Readonly<Record<Vital, Summary>>,
  { maxMae, maxP95, minCoverage, maxCalibrationError }: Limits,
): string[] {
  const compared = VITALS.filter((vital) => summaries[vital].n > 0);
  const given = maxMae > 0 || maxP95 > 0 || minCoverage > 0 || maxCalibrationError > 0;
  if (given && !compared.length) {
    throw new UsageError(
      "Cannot check a limit without a reference: add --reference_path and --reference_column",
    );
  }
  return compared.flatMap((vital) => {
    const { mae, p95, coverage, calibration_error } = summaries[vital];
    const above = (name: string, value: number | undefined, limit: number) =>
      limit > 0 && !(value !== undefined && value <= limit)
        ? [`${vital}: ${name} is ${shown(value)}, over the limit of ${limit}`]
        : [];
    return [
      ...above("mean absolute error", mae, maxMae),
      ...above("95th percentile", p95, maxP95),
      ...above("calibration error", calibration_error, maxCalibrationError),
      ...((coverage ?? 0) < minCoverage
        ? [`${vital}: coverage is ${shown(coverage)}, under the limit of ${minCoverage}`]
        : []),
    ];
  });
}

function shown(value: number | undefined): string {
  return value === undefined ? "not known" : value.toFixed(3);
}
