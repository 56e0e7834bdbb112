import type { Bundle } from "./resources.ts";

/** Where transactions go. */
export interface BundleSink extends AsyncDisposable {
  /**
   * Takes a transaction without waiting for its delivery.
   *
   * @param startUs start of its interval, in microseconds since the Unix epoch
   * @throws {UnavailableError} if it cannot be kept
   */
  add(bundle: Bundle, startUs: number): void;
  /** Delivers until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Returns a name for the file of a transaction. It is the same for the same interval, and names sort
 * by time.
 */
export function fileNameOf(bundle: Bundle, startUs: number): string {
  const time = new Date(startUs / 1000).toISOString().replaceAll(/[-:]/g, "");
  const uuid = bundle.entry.at(-1)!.fullUrl.slice("urn:uuid:".length);
  return `${time}_${uuid}.json`;
}
