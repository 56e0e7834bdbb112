import type { Rule, Topics } from "../config/flag_table.ts";
import type { PermissionsOf } from "../config/permissions.ts";

/** A way to publish: one row of the table in `src/app/transports.ts`. */
export interface Transport<Settings> {
  /** The value of `--streaming_backend` that selects it. */
  readonly name: string;
  /** Its topics of flags, by their keys in the settings. */
  readonly topics: Topics;
  /** Values that contradict each other. */
  readonly rules: readonly Rule<Settings>[];
  /** What it needs while it is selected. */
  readonly permissions: PermissionsOf<Settings>;
}
