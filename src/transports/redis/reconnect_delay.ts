import { isLoopback } from "../../base/loopback.ts";
import { backoffMs } from "../backoff.ts";
import type { RedisOptions } from "./options.ts";

/** Outage from which on devices spread their attempts to reconnect, in milliseconds. Chosen. */
export const LONG_OUTAGE_MS = 30_000;
/** Largest delay of shorter outages, and of a Redis on the same machine, in milliseconds. */
export const SHORT_DELAY_MS = 500;
/**
 * Largest delay of longer outages, in milliseconds: 1,000 devices with two connections each begin
 * up to 99 connections per second, and the last one follows within 29 s.
 */
const FLEET_DELAY_MS = 26_000;

/** What is known when an attempt to connect has failed. */
export interface FailedAttempt {
  /** 1 for the first since the last usable connection; 0 if that has just been lost. */
  readonly attempt: number;
  /** Time since the last usable connection, in milliseconds. */
  readonly outageMs: number;
  /** The delay before this attempt, in milliseconds. */
  readonly previousMs: number;
  /** The largest delay after a long outage, in milliseconds. */
  readonly maxMs: number;
  /** Jitter from 0 to 1. @default Math.random() */
  readonly random?: number;
}

/**
 * Returns the delay before the next attempt in milliseconds. In the first 30 s it is short, so that
 * metrics arrive within 1 s after a restart of Redis. Then a whole fleet has lost its Redis: the
 * first long delay is drawn from 0 to the maximum (full jitter, Brooker, "Exponential Backoff And
 * Jitter", AWS Architecture Blog, 2015), so that the devices are no longer in step. Further ones are
 * the maximum, which keeps the devices as far apart as that.
 */
export function reconnectDelayMs(
  { attempt, outageMs, previousMs, maxMs, random = Math.random() }: FailedAttempt,
): number {
  if (!spreads({ outageMs, maxMs })) return backoffMs(attempt, { random });
  const isFirstLong = previousMs <= SHORT_DELAY_MS;
  return isFirstLong ? Math.round(maxMs * random) : maxMs;
}

/** Whether attempts are spread over the largest delay, for the benefit of the broker. */
function spreads({ outageMs, maxMs }: Pick<FailedAttempt, "outageMs" | "maxMs">): boolean {
  return outageMs >= LONG_OUTAGE_MS && maxMs > SHORT_DELAY_MS;
}

/** Returns the largest delay after a long outage: no fleet shares a Redis that only loopback reaches. */
export function maxReconnectMs({ reconnectMaxMs = 0, host, sentinels = [] }: RedisOptions): number {
  if (reconnectMaxMs > 0) return reconnectMaxMs;
  return isLoopback(host) && sentinels.length === 0 ? SHORT_DELAY_MS : FLEET_DELAY_MS;
}

/** Paces the attempts of one link to reconnect. */
export class ReconnectPacing {
  #options: RedisOptions;
  /** When the last usable connection was lost, or the link started, by `performance.now()`. */
  #unusableSinceMs = 0;
  /** The delay before the last attempt, in milliseconds. */
  #delayMs = 0;

  constructor(options: RedisOptions) {
    this.#options = options;
  }

  reload(options: RedisOptions): void {
    this.#options = options;
  }

  /** Call when a connection has become usable. */
  onUsable(): void {
    this.#delayMs = 0;
  }

  /** Call when the link starts, and when a usable connection was lost. */
  onUnusable(): void {
    this.#unusableSinceMs = performance.now();
  }

  /** Whether attempts are spread over time, as a whole fleet may have lost its Redis. */
  get spreads(): boolean {
    return spreads({ outageMs: this.#outageMs, maxMs: maxReconnectMs(this.#options) });
  }

  /** Returns the delay before the attempt after `attempt`, which has failed, in milliseconds. */
  delayMsAfter(attempt: number): number {
    return this.#delayMs = reconnectDelayMs({
      attempt,
      outageMs: this.#outageMs,
      previousMs: this.#delayMs,
      maxMs: maxReconnectMs(this.#options),
    });
  }

  get #outageMs(): number {
    return performance.now() - this.#unusableSinceMs;
  }
}
