import type { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import { destroyClient } from "./client.ts";
import type { Subscriber } from "./subscriber.ts";

export interface PlainSubscriberOptions {
  /** Called with each message. */
  readonly onMessage: (channel: string, message: Buffer) => void;
  /** Called with what Redis refuses. */
  readonly onError: (error: Error) => void;
}

/**
 * Subscriptions to channels and patterns by one client, renewed after each reconnect. The library's
 * own renewal leaves its promise unobserved: a refusal, or an end before the reply, would end the
 * process.
 */
export class PlainSubscriber implements Subscriber {
  readonly #client: Redis;
  readonly #onError: (error: Error) => void;
  readonly #channels = new Set<string>();
  /** Channels of `add()` calls that Redis has not confirmed. */
  readonly #pending = new Set<string>();
  readonly #patterns = new Set<string>();
  #renewed = true;

  /** @param client a client with `autoResubscribe: false`, which is disposed of with this. */
  constructor(client: Redis, { onMessage, onError }: PlainSubscriberOptions) {
    this.#client = client;
    this.#onError = onError;
    client.on("close", () => this.#renewed = false);
    client.on("ready", () => void this.#renew());
    client.on(
      "messageBuffer",
      (channel: Buffer, message: Buffer) => onMessage(channel.toString(), message),
    );
    client.on(
      "pmessageBuffer",
      (_pattern: string, channel: Buffer, message: Buffer) =>
        onMessage(channel.toString(), message),
    );
  }

  get ready(): boolean {
    return this.#client.status === "ready";
  }

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

  maintain(): void {
    this.#client.ping().catch(() => {}); // the socket timeout handles a missing reply
    void this.#renew();
  }

  [Symbol.dispose](): void {
    destroyClient(this.#client);
  }

  /** Subscribes again what a reconnect or a refusal has ended; does nothing if all is in order. */
  async #renew(): Promise<void> {
    if (this.#renewed || !this.ready) return;
    this.#renewed = true;
    try {
      await Promise.all([
        this.#channels.size > 0 && this.#client.subscribe(...this.#channels),
        this.#patterns.size > 0 && this.#client.psubscribe(...this.#patterns),
      ]);
    } catch (error) {
      this.#renewed = false;
      // The client reports the loss of its connection by itself.
      if (this.ready) this.#onError(error as Error);
    }
  }
}
