import { makeNewFilesPrivate } from "../base/private_files.ts";
import { runServer } from "../app/server.ts";
import type { CommandContext } from "./command.ts";

/** Measures and publishes until it is asked to stop or the input ends. */
export function run(context: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  return runServer(context);
}
