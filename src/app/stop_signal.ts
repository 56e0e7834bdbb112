import type { Log } from "../telemetry/log.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Resolves when the signal has aborted. */
  readonly stopped: Promise<void>;
  /** Aborts it, as the user would. */
  readonly stop: () => void;
}

/**
 * A signal that aborts when the user or the service manager asks to stop. Whoever asks twice by
 * Ctrl-C does not want to wait: the second one ends the process as the shell expects.
 */
export function stopSignal(log: Log): StopSignal {
  const controller = new AbortController();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  controller.signal.addEventListener("abort", () => resolve(), { once: true });
  const stop = () => {
    if (controller.signal.aborted) Deno.exit(130);
    log.debug("Asked to stop");
    controller.abort();
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, stop);
  return {
    signal: controller.signal,
    stopped,
    stop: () => controller.abort(),
    [Symbol.dispose]() {
      for (const name of SIGNALS) Deno.removeSignalListener(name, stop);
    },
  };
}
