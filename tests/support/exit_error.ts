import { ExitError } from "../../src/base/errors.ts";

/** Returns the error for the user that `run` throws; undefined if it throws none. */
export function exitErrorOf(run: () => unknown): ExitError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ExitError) return error;
    throw error;
  }
}
