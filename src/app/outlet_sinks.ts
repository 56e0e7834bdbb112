import type { Sink } from "../delivery/bus.ts";
import type { OpenedOutlet, OutletContext } from "../transports/outlet.ts";
import { selectedOutlets, type Settings } from "./flags.ts";

/** The outlets at work. */
export interface OutletSinks extends AsyncDisposable {
  readonly sinks: readonly Sink[];
}

/**
 * Opens the outlets that the settings enable.
 *
 * @throws {ExitError} if a file that the settings name cannot be used
 */
export async function openOutlets(
  settings: Settings,
  context: OutletContext,
): Promise<OutletSinks> {
  const opened: OpenedOutlet[] = [];
  for (const outlet of selectedOutlets(settings)) opened.push(await outlet.open(settings, context));
  return {
    sinks: opened.map(({ sink }) => sink),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((outlet) => outlet[Symbol.asyncDispose]()));
    },
  };
}
