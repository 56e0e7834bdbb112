import type { Client } from "./client.ts";

/** Time for which a watcher's lease lasts, in seconds. */
const LEASE_S = 10;
/** Interval at which a watcher renews its lease, in milliseconds. */
const RENEWAL_MS = 3000;

/** The key that exists while a client watches the frames of the server with this key prefix. */
export function frameLeaseKey(prefix: string): string {
  return `${prefix}:frame:demand`;
}

/**
 * Shows servers that this client watches their frames, by keys that expire. In a cluster, where no
 * node counts the subscribers of the others, a server sends frames only then.
 */
export class FrameLeases implements Disposable {
  readonly #client: Client;
  readonly #onError: (error: Error) => void;
  readonly #prefixes = new Set<string>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(client: Client, onError: (error: Error) => void) {
    this.#client = client;
    this.#onError = onError;
    this.#timer = setInterval(() => this.#renew(this.#prefixes), RENEWAL_MS);
  }

  /** Begins to watch the frames of the server with this key prefix. */
  add(prefix: string): void {
    this.#prefixes.add(prefix);
    this.#renew([prefix]);
  }

  /** Ends watching. Frames stop when the lease has expired: others may hold it too. */
  remove(prefix: string): void {
    this.#prefixes.delete(prefix);
  }

  #renew(prefixes: Iterable<string>): void {
    for (const prefix of prefixes) {
      this.#client.set(frameLeaseKey(prefix), "1", "EX", LEASE_S).catch(this.#onError);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
