import { endpointOf } from "./client.ts";
import type { RedisOptions } from "./options.ts";
import { explainRedisError, type RedisProblem } from "./redis_error.ts";
import { rejectionReason } from "./rejection_reason.ts";
import { answersWithoutTls, answersWithTls } from "./tls_probe.ts";

/** Interval at which a lasting failure is probed for TLS again, in milliseconds. */
const TLS_PROBE_INTERVAL_MS = 5000;

/**
 * Looks for the cause of connections that fail before they are usable, if the error itself does not
 * show it: a server that sends its reason only to a peer that reads, or TLS on one side only.
 */
export class ConnectionDiagnosis implements AsyncDisposable {
  readonly #ending = new AbortController();
  #running: Promise<RedisProblem | undefined> | undefined;
  #nextTlsProbeMs = -Infinity;

  /** Returns a more specific problem; undefined if there is none, or while a call is pending. */
  async explain(problem: RedisProblem, options: RedisOptions): Promise<RedisProblem | undefined> {
    // Sentinels and nodes of a cluster name further servers, which are not known here.
    if (this.#running || options.sentinelName || options.cluster) return undefined;
    this.#running = this.#explain(problem, options);
    try {
      return await this.#running;
    } finally {
      this.#running = undefined;
    }
  }

  async #explain(
    { fault }: RedisProblem,
    options: RedisOptions,
  ): Promise<RedisProblem | undefined> {
    const endpoint = endpointOf(options);
    const { signal } = this.#ending;
    if (!options.tls) {
      if (fault !== "closed") return undefined;
      const reason = await rejectionReason(options, signal);
      if (reason !== undefined) return explainRedisError(reason, endpoint);
    } else if (fault !== "closed" && fault !== "timeout") return undefined;
    if (performance.now() < this.#nextTlsProbeMs) return undefined;
    this.#nextTlsProbeMs = performance.now() + TLS_PROBE_INTERVAL_MS;
    if (options.tls) {
      const isPlain = await answersWithoutTls(options, signal);
      return isPlain ? explainRedisError("The server answers without TLS", endpoint) : undefined;
    }
    const isTls = await answersWithTls(options, signal);
    return isTls ? explainRedisError("The server answers with TLS only", endpoint) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }
}
