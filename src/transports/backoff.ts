export interface BackoffOptions {
  /** Delay after the first failure, in milliseconds. @default 50 */
  readonly firstMs?: number;
  /** Maximum delay, in milliseconds. @default 500 */
  readonly capMs?: number;
  /** Jitter from 0 to 1, so that many devices do not reconnect in step. @default Math.random() */
  readonly random?: number;
}

/**
 * Returns the delay in milliseconds before reconnect attempt `attempt` (1 is the first):
 * exponential backoff with a cap, and jitter in the upper half. The cap is short because consumers
 * must receive core metrics again within 1 s after Redis is back.
 */
export function backoffMs(attempt: number, options: BackoffOptions = {}): number {
  const { firstMs = 50, capMs = 500, random = Math.random() } = options;
  const fullMs = Math.min(capMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(fullMs * (0.5 + 0.5 * random));
}
