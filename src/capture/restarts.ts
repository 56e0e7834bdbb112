import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { Frame, SourceError, SourceEvent } from "./frame.ts";

/** A camera is silent after this time or this number of frames, whichever is longer. */
const SILENCE_MS = 2_000;
const SILENCE_FRAMES = 5;
/** Timeout of the first frame: a camera has to be woken, and its exposure settles. */
export const FIRST_FRAME_TIMEOUT_MS = 15_000;
/** Pauses between attempts to start again. */
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;
/** Largest gap that counts as lost frames; a longer one is a change of the clock. Chosen. */
const MAX_LOST = 1_000;

/** Returns the time without a frame after which a camera counts as silent, in milliseconds. */
export function silenceMs(fps: number): number {
  return Math.max(SILENCE_MS, 1000 * SILENCE_FRAMES / fps);
}

/**
 * Returns how many frames are missing between two, by the interval of their times.
 *
 * @param gapUs time from the one to the other, and `periodUs` from a frame to the next
 */
export function lostBetween(gapUs: number, periodUs: number): number {
  const lost = Math.max(0, Math.round(gapUs / periodUs) - 1);
  return lost > MAX_LOST ? 0 : lost;
}

export interface RestartOptions {
  /** Starts the camera, and yields its frames until it ends; returns why. */
  readonly run: () => AsyncGenerator<Frame, SourceError, void>;
  /** Called after each run; returns true if it was ended only to start the next one at once. */
  readonly isPlanned?: () => boolean;
  /** Describes the camera for `connected`. */
  readonly describe: () => string;
  /** Names the camera in the log. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
}

/**
 * Yields the events of a camera that is started again after each run until `signal` aborts.
 *
 * @throws {SourceError} if the first run ends without a frame
 */
export async function* eventsOfRuns(
  options: RestartOptions,
): AsyncGenerator<SourceEvent, void, void> {
  const { run, isPlanned, describe, name, signal, clock, counters, log } = options;
  let isConnected: boolean | undefined;
  let attempt = 0;
  while (!signal.aborted) {
    let frames = 0;
    const running = run();
    let step = await running.next();
    try {
      for (; !step.done; step = await running.next()) {
        frames++;
        attempt = 0;
        if (!isConnected) {
          isConnected = true;
          yield { kind: "connected", description: describe() };
        }
        yield { kind: "frame", frame: step.value };
      }
    } finally {
      // The consumer may leave early.
      if (!step.done) await running.return(undefined as never);
    }
    const error = step.value;
    if (signal.aborted) return;
    if (isConnected === undefined) throw error;
    if (isPlanned?.()) continue;
    if (isConnected) yield { kind: "disconnected", reason: error.message };
    isConnected = false;
    counters.add("source_restarts_total");
    if (frames === 0) {
      const { message, hint } = error;
      log.rateLimited(`${name}_restart`, 60, "warning", message, { hint });
    }
    await clock.sleep(RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)]!, signal);
  }
}
