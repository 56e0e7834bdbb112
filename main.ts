import type { CommandContext } from "./src/commands/command.ts";
import { LOADERS } from "./src/commands/table.ts";
import { EXIT, ExitError, UsageError } from "./src/config/exit.ts";
import { load } from "./src/config/load.ts";
import { LineLog } from "./src/telemetry/log.ts";
import { logOptions } from "./src/telemetry/log_options.ts";

/** argv in, a command out, an exit status back. */
async function main(argv: readonly string[]): Promise<number> {
  const loaded = load(argv);
  const loader = LOADERS[loaded.command];
  if (!loader) throw new UsageError(`Cannot run ${loaded.command}: this build lacks it`);
  const context: CommandContext = {
    ...loaded,
    argv,
    log: new LineLog(logOptions(loaded.settings.logging)),
    reload: () => load(argv),
    print: printWhole,
  };
  return await (await loader()).run(context);
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
  // An error that comes with a hint is about the surroundings: a camera, a file, a service.
  if (hint) return EXIT.unavailable;
  if (error instanceof Error && error.stack) console.error(error.stack);
  return EXIT.internal;
}

let status: number;
try {
  status = await main(Deno.args);
} catch (error) {
  status = report(error);
}
Deno.exit(status);
