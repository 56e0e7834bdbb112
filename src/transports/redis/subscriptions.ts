import type { Redis } from "ioredis";

/**
 * The subscriptions of a client, which are renewed after each reconnect. The library's own renewal
 * leaves its promise unobserved: a refusal, or an end before the reply, would end the process.
 */
export class Subscriptions {
  readonly #client: Redis;
  readonly #onError: (error: Error) => void;
  readonly #channels = new Set<string>();
  /** Channels of `add()` calls that Redis has not confirmed. */
  readonly #pending = new Set<string>();
  readonly #patterns = new Set<string>();
  #renewed = true;

  /** @param client a client with `autoResubscribe: false`. */
  constructor(client: Redis, onError: (error: Error) => void) {
    this.#client = client;
    this.#onError = onError;
    client.on("close", () => this.#renewed = false);
    client.on("ready", () => void this.renew());
  }

  /** Resolves when Redis has confirmed the subscription, which may be after a reconnect. */
  async add(...channels: readonly string[]): Promise<void> {
    for (const channel of channels) this.#pending.add(channel);
    try {
      await this.#client.subscribe(...channels);
      const wanted = channels.filter((channel) => this.#pending.has(channel));
      for (const channel of wanted) this.#channels.add(channel);
    } finally {
      for (const channel of channels) this.#pending.delete(channel);
    }
  }

  /** Like `add()`, with a pattern. */
  async addPattern(pattern: string): Promise<void> {
    await this.#client.psubscribe(pattern);
    this.#patterns.add(pattern);
  }

  async remove(...channels: readonly string[]): Promise<void> {
    for (const channel of channels) {
      this.#channels.delete(channel);
      this.#pending.delete(channel);
    }
    await this.#client.unsubscribe(...channels);
  }

  /** Subscribes again what a reconnect or a refusal has ended; does nothing if all is in order. */
  async renew(): Promise<void> {
    if (this.#renewed || this.#client.status !== "ready") return;
    this.#renewed = true;
    try {
      await Promise.all([
        this.#channels.size > 0 && this.#client.subscribe(...this.#channels),
        this.#patterns.size > 0 && this.#client.psubscribe(...this.#patterns),
      ]);
    } catch (error) {
      this.#renewed = false;
      // The client reports the loss of its connection by itself.
      if (this.#client.status === "ready") this.#onError(error as Error);
    }
  }
}
