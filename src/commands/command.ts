import type { Loaded } from "../app/flags.ts";
import type { Log } from "../telemetry/log.ts";

/** What every command is given. */
export interface CommandContext extends Loaded {
  /** The command line, without the program's name. */
  readonly argv: readonly string[];
  readonly log: Log;
  /**
   * Reads the configuration anew, as SIGHUP asks for.
   *
   * @throws {ExitError} where it is bad now; the old one is still good.
   */
  readonly reload: () => Loaded;
  /** Writes to stdout, whole. */
  readonly print: (text: string) => void;
}

/** A module of `src/commands/`: one function that does the command and gives an exit status. */
export interface Command {
  readonly run: (context: CommandContext) => Promise<number>;
}
