import { makeNewFilesPrivate } from "../base/private_files.ts";
import { runServer } from "../app/server.ts";
import { openUp } from "../app/up/up.ts";
import type { CommandContext } from "./command.ts";

/** Runs the server with whatever camera and broker there are, and prints the page's address. */
export async function run(context: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { log } = context;
  await using started = await openUp({ ...context, env: Deno.env.toObject() });
  const { configuration, reload, printAddresses } = started;
  return await runServer({ ...configuration, log, reload, onReady: printAddresses });
}
