import type { Configuration } from "../app/flags.ts";
import type { Log } from "../telemetry/log.ts";

/** The configuration and the tools of every command. */
export interface CommandContext extends Configuration {
  /** The command line without the name of the program. */
  readonly argv: readonly string[];
  readonly log: Log;
  /**
   * Loads the configuration again.
   *
   * @throws {ExitError} if it is invalid
   */
  readonly reload: () => Configuration;
  /** Writes a text to stdout. */
  readonly print: (text: string) => void;
}

/** A module of `src/commands/`. */
export interface Command {
  /** Runs the command and returns the exit status. */
  readonly run: (context: CommandContext) => Promise<number>;
}
