import type { Topics } from "../config/flag_table.ts";
import type { PermissionsOf, ProgramContext } from "../config/permissions.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { FrameSource } from "./frame.ts";

/** What a source is opened with besides its settings. */
export interface SourceContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Images may be scaled down for the analysis while they stay at least this wide, in pixels. */
  readonly analysisWidth: number;
  /** JPEG quality, 1 to 100, of images that come without JPEG; 0 if no frames are published. */
  readonly jpegQuality: number;
}

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
  /**
   * Devices that it opens besides those of video4linux, as `DeviceAllow=` of systemd.exec(5) names
   * them; absent if there are none.
   */
  readonly devices?: (settings: Settings, program: ProgramContext) => readonly string[];
  /**
   * Checks what `open` would refuse, without a lasting effect; absent if it refuses nothing.
   *
   * @throws {ExitError} with the words of `open`
   */
  readonly check?: (settings: Settings) => Promise<void>;
  /**
   * Opens the source; its implementation is loaded only then, for a quick start.
   *
   * @throws {SourceError} if it cannot deliver frames
   */
  readonly open: (settings: Settings, context: SourceContext) => Promise<FrameSource>;
}
