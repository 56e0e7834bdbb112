import type { Policy, Rule, Topics } from "../config/flag_table.ts";
import type { PermissionsOf } from "../config/permissions.ts";
import type { CommandHandler } from "../control/commands.ts";
import type { Sink } from "../delivery/bus.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";

/** What an outlet is opened with besides its settings. */
export interface OutletContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Takes the recording commands that arrive through the outlet. */
  readonly commands: CommandHandler;
}

/**
 * An outlet at work. Its sink neither delays nor degrades the selected transport: it reports no
 * `problem` and no `frameDegradation`.
 */
export interface OpenedOutlet extends AsyncDisposable {
  readonly sink: Sink;
}

/** A way to publish beside the selected transport: one row of the table in `src/app/outlets.ts`. */
export interface Outlet<Settings> {
  /** Its topics of flags, by their keys in the settings. */
  readonly topics: Topics;
  /** Values that contradict each other. */
  readonly rules: readonly Rule<Settings>[];
  /** Rules of security. */
  readonly policies: readonly Policy<Settings>[];
  /** Returns true if the settings enable it. */
  readonly isSelected: (settings: Settings) => boolean;
  /** What it needs while it is enabled. */
  readonly permissions: PermissionsOf<Settings>;
  /**
   * Checks what `open` would report, such as files that are missing, without a connection.
   *
   * @throws {ExitError} with the words of the running server
   */
  readonly check: (settings: Settings) => void | Promise<void>;
  /**
   * Opens the outlet; its implementation is loaded only then.
   *
   * @throws {ExitError} if a file that the settings name cannot be used
   */
  readonly open: (settings: Settings, context: OutletContext) => Promise<OpenedOutlet>;
}
