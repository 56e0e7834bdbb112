import type { Log } from "../telemetry/log.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** Exit status of a shell for a program that SIGINT ended: 128 + 2. */
const INTERRUPTED = 130;

/** An abort signal for the stop of the program; disposing removes the signal handlers. */
export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Resolves when the signal has aborted. */
  readonly stopped: Promise<void>;
  /** Aborts the signal. */
  readonly stop: () => void;
}

/**
 * Returns a signal that aborts on SIGTERM or SIGINT. A second signal ends the process at once, for
 * a user who presses Ctrl-C again.
 */
export function stopSignal(log: Log): StopSignal {
  const controller = new AbortController();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  controller.signal.addEventListener("abort", () => resolve(), { once: true });
  const onSignal = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    log.debug("Received a signal to stop");
    controller.abort();
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  return {
    signal: controller.signal,
    stopped,
    stop: () => controller.abort(),
    [Symbol.dispose]() {
      for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
    },
  };
}
