import type { Topics } from "../config/flag_table.ts";
import type { PermissionsOf } from "../config/permissions.ts";

/** A kind of input: one row of the table in `src/app/sources.ts`. */
export interface SourceKind<Settings> {
  readonly name: string;
  /** Its topics of flags, by their keys in the settings. */
  readonly topics: Topics;
  /** The flag that selects it, as help writes it: `--input_video_path=FILE`. */
  readonly selectedBy: string;
  readonly isSelected: (settings: Settings) => boolean;
  /** What it needs while it is selected. */
  readonly permissions: PermissionsOf<Settings>;
}
