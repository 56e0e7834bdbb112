import type { Outgoing, Publisher } from "../envelopes/outgoing.ts";
import type { Hub } from "./hub.ts";

/**
 * A publisher whose messages the page sees, too. While somebody watches the video, frames are
 * wanted at their full rate, whoever else listens.
 */
export class WatchedPublisher implements Publisher {
  readonly #inner: Publisher;
  readonly #hub: Hub;
  readonly #device: string;

  constructor(inner: Publisher, { hub, device }: { readonly hub: Hub; readonly device: string }) {
    this.#inner = inner;
    this.#hub = hub;
    this.#device = device;
  }

  start(): void {
    this.#inner.start();
  }

  offer(outgoing: Outgoing): void {
    this.#inner.offer(outgoing);
    if (outgoing.kind === "frame") {
      this.#hub.publishFrame(this.#device, outgoing.image.jpeg);
    } else {
      const envelope = JSON.parse(new TextDecoder().decode(outgoing.bytes));
      this.#hub.publishEnvelope(this.#device, { topic: outgoing.topic, envelope });
    }
  }

  get framesWanted(): boolean {
    return this.#inner.framesWanted || this.#hub.hasVideoSubscribers(this.#device);
  }

  get frameDegradation(): number {
    return this.#inner.frameDegradation;
  }

  get trouble(): string | undefined {
    return this.#inner.trouble;
  }

  flush(ms: number): Promise<void> {
    return this.#inner.flush(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]();
  }
}
