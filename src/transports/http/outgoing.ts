import { reasonOf } from "../../base/errors.ts";

/**
 * Reads the header Retry-After, a number of seconds or a date (RFC 9110, section 10.2.3).
 *
 * @param options.maxMs longest wait that is accepted, in milliseconds
 * @returns milliseconds, or undefined if the header is absent or invalid
 */
export function retryAfterMs(
  { headers }: Pick<Response, "headers">,
  { maxMs, nowMs = Date.now() }: { readonly maxMs: number; readonly nowMs?: number },
): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), maxMs) : undefined;
}

/** Returns why `fetch()` has failed. Its own message is only "fetch failed"; the cause says why. */
export function fetchFailure(error: unknown): string {
  const hasCause = error instanceof TypeError && error.cause instanceof Error;
  return reasonOf(hasCause ? error.cause : error);
}
