import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { backoffMs } from "../transports/backoff.ts";
import type { BundleQueue } from "./bundle_queue.ts";
import type { FhirClient, PostResult } from "./fhir_client.ts";
import type { Bundle } from "./resources.ts";
import { type BundleSink, fileNameOf } from "./sink.ts";

/** First pause after a failure, and the longest, in milliseconds. Chosen for a busy server. */
const BACKOFF = { firstMs: 1_000, capMs: 60_000 } as const;
/** Time for sending what waits after the end, in milliseconds. Chosen. */
const FLUSH_MS = 5_000;

export interface UploaderOptions {
  readonly client: Pick<FhirClient, "post"> & Disposable;
  readonly queue: BundleQueue;
  readonly log: Log;
  readonly clock: Pick<Clock, "sleep">;
}

/**
 * Sends transactions to a FHIR server one after another, and each until the server has accepted or
 * rejected it.
 */
export class Uploader implements BundleSink {
  readonly #options: UploaderOptions;
  #added = Promise.withResolvers<void>();
  #failures = 0;
  #dropped = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  add(bundle: Bundle, startUs: number): void {
    const { queue, log } = this.#options;
    queue.add({ name: fileNameOf(bundle, startUs), text: JSON.stringify(bundle) });
    if (queue.dropped > this.#dropped) {
      this.#dropped = queue.dropped;
      log.rateLimited("dropped", 60, "warning", "Dropped the oldest transaction: too many wait", {
        dropped: queue.dropped,
      });
    }
    this.#added.resolve();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { queue, client, log, clock } = this.#options;
    const end = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      this.#added.resolve();
      timer = setTimeout(() => end.abort(), FLUSH_MS);
    };
    signal.addEventListener("abort", flush, { once: true });
    if (signal.aborted) flush();
    while (!end.signal.aborted) {
      const next = queue.oldest();
      if (!next) {
        if (signal.aborted) break;
        await this.#added.promise;
        this.#added = Promise.withResolvers();
        continue;
      }
      const result = await client.post(next.text, end.signal);
      if (result.state !== "failed") queue.remove(next.name);
      const pauseMs = this.#report(result);
      if (pauseMs === undefined) continue;
      if (signal.aborted) break;
      await clock.sleep(pauseMs, signal);
    }
    clearTimeout(timer);
    signal.removeEventListener("abort", flush);
    if (queue.size > 0) {
      log.warning("Ended before all transactions were sent", { waiting: queue.size });
    }
  }

  /** Logs a result and returns the pause before the next attempt in milliseconds, if it has failed. */
  #report(result: PostResult): number | undefined {
    const { queue, log } = this.#options;
    if (result.state === "rejected") {
      log.warning("The FHIR server rejected a transaction", { reason: result.reason });
    }
    if (result.state === "failed") {
      this.#failures++;
      log.rateLimited("failed", 60, "warning", "Cannot send to the FHIR server", {
        reason: result.reason,
        waiting: queue.size,
      });
      return Math.max(backoffMs(this.#failures, BACKOFF), result.retryAfterMs ?? 0);
    }
    if (this.#failures > 0) log.info("Sending to the FHIR server again", { waiting: queue.size });
    this.#failures = 0;
    return undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#options.client[Symbol.dispose]();
    return Promise.resolve();
  }
}
