import type { CommandContext } from "./src/commands/command.ts";
import { LOADERS } from "./src/commands/table.ts";
import { AppError, EXIT, ExitError } from "./src/base/errors.ts";
import { type Configuration, load } from "./src/app/flags.ts";
import { permissionsFor, programContext } from "./src/app/permissions.ts";
import { permissionFlags } from "./src/config/permissions.ts";
import { LineLog } from "./src/telemetry/log.ts";
import { logOptionsOf } from "./src/app/logging.ts";

/** Exit status for the launcher: stdout contains the Deno flags for the actual run. */
const EXIT_PLANNED = 200;

/** Runs the command in `argv` and returns the exit status. */
async function main(argv: readonly string[]): Promise<number> {
  const configuration = load(argv);
  if (Deno.env.get("PHYSIOLOGY_STAGE") === "plan") {
    const flags = permissionFlagsFor(configuration);
    if (flags) return printAll(flags.join("\n")), EXIT_PLANNED;
  }
  const log = new LineLog(logOptionsOf(configuration.settings));
  const context: CommandContext = {
    ...configuration,
    argv,
    log,
    reload() {
      const next = load(argv);
      log.configure(logOptionsOf(next.settings));
      return next;
    },
    print: printAll,
  };
  const { run } = await LOADERS[configuration.command]();
  return await run(context);
}

/** Returns the Deno flags of the actual run; undefined if this run can perform the command. */
function permissionFlagsFor({ command, settings }: Configuration): string[] | undefined {
  const permissions = permissionsFor(command, settings, programContext());
  return permissions && permissionFlags(permissions);
}

function printAll(text: string): void {
  let rest = new TextEncoder().encode(text.endsWith("\n") ? text : text + "\n");
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** Prints an error, with a stack trace if it is an internal error; returns the exit status. */
function report(reason: unknown): number {
  // `... | head` closes the pipe; there is no reader for a message.
  if (reason instanceof Deno.errors.BrokenPipe) return EXIT.ok;
  const error = AppError.from(reason);
  console.error(`physiology_server: ${error.describe()}`);
  if (!(error instanceof ExitError) && reason instanceof Error) console.error(reason.stack);
  return error.exitStatus;
}

// An unhandled error ends the program, so that its supervisor restarts it.
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  Deno.exit(report(event.reason));
});
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  Deno.exit(report(event.error));
});

let status: number;
try {
  status = await main(Deno.args);
} catch (error) {
  status = report(error);
}
Deno.exit(status);
