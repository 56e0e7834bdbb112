import {
  type Backend,
  BackendError,
  type Delivery,
  type LinkMeasurement,
} from "../../src/delivery/backend.ts";
import type { Outgoing } from "../../src/envelopes/message.ts";

interface Pending {
  readonly outgoing: Outgoing;
  /** Set once the message has arrived. */
  delivery?: Delivery;
  readonly resolve: (delivery: Delivery) => void;
  readonly reject: (error: unknown) => void;
}

/** A backend whose peer the test controls: connected or not, slow to acknowledge, with or without receivers. */
export class FakeBackend implements Backend {
  readonly name = "fake";
  destination = "fake";
  readonly inOrder: boolean;
  /** Messages that reached at least one receiver. */
  readonly received: Outgoing[] = [];
  /** Messages passed to `send` while ready. */
  readonly sent: Outgoing[] = [];
  receivers: number | undefined = 1;
  /** How often it was started, and how often it was disposed. */
  started = 0;
  disposed = 0;
  problem: string | undefined;
  measured: LinkMeasurement | undefined;
  /** While false, messages arrive but are not acknowledged. */
  acknowledging = true;
  #arriving = true;
  #ready = false;
  #pending: Pending[] = [];
  #onReady: (ready: boolean) => void = () => {};

  constructor({ inOrder = false } = {}) {
    this.inOrder = inOrder;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Number of messages that wait for their acknowledgement. */
  get inFlight(): number {
    return this.#pending.length;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#onReady = listener;
  }

  start(): void {
    this.started++;
  }

  send(outgoing: Outgoing): Promise<Delivery> {
    if (!this.#ready) return Promise.reject(lost());
    this.sent.push(outgoing);
    const { promise, resolve, reject } = Promise.withResolvers<Delivery>();
    this.#pending.push({ outgoing, resolve, reject });
    this.#arrive();
    if (this.acknowledging) this.acknowledge();
    return promise;
  }

  /** While false, messages are in transit, and lost if the link goes down. */
  setArriving(arriving: boolean): void {
    this.#arriving = arriving;
    this.#arrive();
    if (this.acknowledging) this.acknowledge();
  }

  /** Acknowledges all messages that have arrived. */
  acknowledge(): void {
    if (!this.#arriving) return;
    for (const { resolve, delivery } of this.#pending.splice(0)) resolve(delivery ?? {});
  }

  #arrive(): void {
    if (!this.#arriving) return;
    const { receivers } = this;
    for (const pending of this.#pending) {
      if (pending.delivery) continue;
      pending.delivery = receivers === undefined ? {} : { receivers };
      if (receivers !== 0) this.received.push(pending.outgoing);
    }
  }

  setReady(ready: boolean): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    if (!ready) { for (const { reject } of this.#pending.splice(0)) reject(lost()); }
    this.#onReady(ready);
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed++;
    this.setReady(false);
  }
}

function lost(): BackendError {
  return new BackendError("The link is down", { retriable: true, reason: "link" });
}
