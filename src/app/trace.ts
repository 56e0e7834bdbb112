import { reasonOf, UnavailableError } from "../base/errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { TraceFile } from "../telemetry/trace.ts";

/**
 * Opens the file of `--trace_path`.
 *
 * @throws {UnavailableError} if it cannot be written
 */
export function openTrace(
  path: string,
  context: { readonly clock: Clock; readonly log: Log },
): TraceFile {
  try {
    return new TraceFile(path, context);
  } catch (cause) {
    throw new UnavailableError(`Cannot write the trace ${path}: ${reasonOf(cause)}`, { cause });
  }
}
