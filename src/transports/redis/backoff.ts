export interface BackoffOptions {
  /** The pause after the first failure, milliseconds. @default 50 */
  readonly firstMs?: number;
  /** No pause is longer than this, jitter included, milliseconds. @default 1000 */
  readonly capMs?: number;
  /** A number in 0..1, so that a fleet does not come back in step. @default Math.random() */
  readonly random?: number;
}

/**
 * The pause in milliseconds before reconnect attempt `attempt` (1 is the first): doubling, capped,
 * with the upper half left to chance. The cap is short because a consumer must have its picture
 * back within 2 s of Redis coming back.
 */
export function backoffMs(attempt: number, options: BackoffOptions = {}): number {
  const { firstMs = 50, capMs = 1000, random = Math.random() } = options;
  const full = Math.min(capMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(full * (0.5 + 0.5 * random));
}
