import type { Log } from "../telemetry/log.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** Exit status of a shell for a program that SIGINT ended: 128 + 2. */
const INTERRUPTED = 130;

/** An abort signal for the stop of the program; disposing removes its handlers and its timer. */
export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Resolves when the signal has aborted. */
  readonly stopped: Promise<void>;
  /** Aborts the signal. */
  readonly stop: () => void;
  /** Aborts the signal after this number of seconds from now; to be called once. */
  readonly stopAfter: (seconds: number) => void;
}

/**
 * Returns a signal that aborts on SIGTERM or SIGINT. A second signal ends the process at once, for
 * a user who presses Ctrl-C again.
 */
export function stopSignal(log: Log): StopSignal {
  const controller = new AbortController();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  controller.signal.addEventListener("abort", () => resolve());
  const stop = () => controller.abort();
  const onSignal = () => {
    if (controller.signal.aborted) Deno.exit(INTERRUPTED);
    log.debug("Received a signal to stop");
    stop();
  };
  for (const name of SIGNALS) Deno.addSignalListener(name, onSignal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    signal: controller.signal,
    stopped,
    stop,
    stopAfter: (seconds) => void (timer = setTimeout(stop, seconds * 1000)),
    [Symbol.dispose]() {
      clearTimeout(timer);
      for (const name of SIGNALS) Deno.removeSignalListener(name, onSignal);
    },
  };
}

/** Calls `listener` on each SIGHUP, which would otherwise end the process, until it is disposed. */
export function onHangUp(listener: () => void): Disposable {
  Deno.addSignalListener("SIGHUP", listener);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", listener) };
}
