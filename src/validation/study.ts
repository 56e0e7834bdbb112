import type { ValidationInput } from "./input.ts";
import type { ReferenceDevice } from "./reference_device.ts";

/** One recording to measure. */
export interface RecordingInput {
  readonly name: string;
  readonly subject: string;
  readonly strata: Readonly<Record<string, string>>;
  /** Absent for a simulation, whose reference is its own ground truth. */
  readonly device?: ReferenceDevice;
  /** Opens the input; called once for each run. */
  readonly open: () => ValidationInput;
}

/** A recording, or a part of one, that is not in the results. */
export interface Exclusion {
  readonly recording: string;
  readonly reason: string;
}

/** What is validated: one recording, or those of a manifest. */
export interface Study {
  /** One line for the report. */
  readonly description: string;
  readonly recordings: readonly RecordingInput[];
  readonly exclusions: readonly Exclusion[];
}
