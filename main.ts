import type { CommandContext } from "./src/commands/command.ts";
import { LOADERS } from "./src/commands/table.ts";
import { EXIT, ExitError } from "./src/base/errors.ts";
import { load, type Loaded } from "./src/app/flags.ts";
import { permissionsFor, programContext } from "./src/app/permissions.ts";
import { permissionFlags } from "./src/config/permissions.ts";
import { LineLog } from "./src/telemetry/log.ts";
import { logOptions } from "./src/telemetry/log_options.ts";
import { removeRunningMark } from "./src/telemetry/running_mark.ts";

/** Tells the launcher of the packed program that our stdout holds Deno's flags for the real run. */
const PLANNED = 200;

/** argv in, a command out, an exit status back. */
async function main(argv: readonly string[]): Promise<number> {
  const loaded = load(argv);
  if (Deno.env.get("PHYSIOLOGY_STAGE") === "plan") {
    const flags = planFor(loaded);
    if (flags) return printWhole(flags.join("\n")), PLANNED;
  }
  const log = new LineLog(logOptions(loaded.settings.logging));
  const context: CommandContext = {
    ...loaded,
    argv,
    log,
    reload() {
      const again = load(argv);
      log.configure(logOptions(again.settings.logging));
      return again;
    },
    print: printWhole,
  };
  const { run } = await LOADERS[loaded.command]();
  return await run(context);
}

/** The permissions of the real run as Deno's flags; undefined where this run will do. */
function planFor({ command, settings }: Loaded): string[] | undefined {
  const program = programContext();
  const permissions = permissionsFor(command, settings, program);
  return permissions &&
    permissionFlags(permissions, { running: program.env["PHYSIOLOGY_RUNNING"] });
}

function printWhole(text: string): void {
  let rest = new TextEncoder().encode(text.endsWith("\n") ? text : text + "\n");
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** An error for the user is one line; a fault of ours also shows where it happened. */
function report(error: unknown): number {
  // `... | head` closes the pipe: nobody is left to tell.
  if (error instanceof Deno.errors.BrokenPipe) return EXIT.ok;
  const expected = error instanceof ExitError;
  const hint = error instanceof Error && "hint" in error ? `: ${error.hint}` : "";
  const text = error instanceof Error ? error.message + hint : String(error);
  console.error(`physiology_server: ${text}`);
  if (expected) return error.status;
  // An error that comes with a hint is about the context: a camera, a file, a service.
  if (hint) return EXIT.unavailable;
  if (error instanceof Error && error.stack) console.error(error.stack);
  return EXIT.internal;
}

// A fault that nobody waits for ends the program too: its supervisor starts it anew.
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
if (Deno.env.get("PHYSIOLOGY_STAGE") !== "plan") removeRunningMark();
Deno.exit(status);
