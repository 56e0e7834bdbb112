import type { DeviceFrame } from "../device_frame.ts";
import type { DeviceMessage } from "../device_message.ts";
import type { FrameDemand, FrameViewer } from "../frame_fanout.ts";
import type { Hub, Notice, Subscriber } from "../hub.ts";
import { MessageBudget } from "./message_budget.ts";
import { StreamQueue, type StreamSocket } from "./stream_queue.ts";
import {
  frameDemandOf,
  includesDevice,
  parseSubscription,
  type Subscription,
} from "./subscription.ts";

export type { StreamSocket } from "./stream_queue.ts";

/** WebSocket close codes (RFC 6455, section 7.4.1). */
const CLOSE = { goingAway: 1001, policyViolation: 1008 } as const;
/** Time without any sign of life after which a client is disconnected, in milliseconds. */
const DEAD_MS = 30_000;

/** A client of the stream that has a WebSocket: sends it what it has subscribed to. */
export class StreamClient implements Subscriber, FrameViewer {
  readonly #hub: Hub;
  readonly #socket: StreamSocket;
  readonly #queue: StreamQueue;
  readonly #budget: MessageBudget;
  readonly #nowMs: () => number;
  readonly #leave: (() => void)[];
  #subscription: Subscription | undefined;
  #aliveMs: number;

  constructor({ hub, socket, nowMs }: {
    readonly hub: Hub;
    readonly socket: StreamSocket;
    /** Monotonic time. */
    readonly nowMs: () => number;
  }) {
    this.#hub = hub;
    this.#socket = socket;
    this.#nowMs = nowMs;
    this.#aliveMs = nowMs();
    this.#queue = new StreamQueue(socket, nowMs);
    this.#budget = new MessageBudget(nowMs);
    this.#leave = [
      hub.subscribe(this),
      hub.onClose(() => this.#socket.close(CLOSE.goingAway, "The server ends")),
    ];
    hub.frames.add(this);
    this.#send({ type: "connection", connected: hub.connected });
  }

  /** Takes a message that the client has sent. */
  receive(text: string | undefined): void {
    this.#aliveMs = this.#nowMs();
    if (!this.#budget.take()) return this.#reject("Too many messages");
    if (text === undefined) return this.#reject("Message is not text");
    const parsed = parseSubscription(text);
    if (parsed.state === "invalid") return this.#reject(parsed.reason);
    const before = this.#subscription;
    this.#subscription = parsed.subscription;
    this.#sendSnapshot(before);
    this.#hub.frames.update(this);
  }

  /** Call when the client shows that it is alive. */
  onPong(): void {
    this.#aliveMs = this.#nowMs();
  }

  /** Stops; call it when the socket has been closed. */
  end(): void {
    for (const leave of this.#leave) leave();
    this.#hub.frames.remove(this);
    this.#queue.clear();
  }

  takeMessage(message: DeviceMessage): void {
    if (this.#wants(this.#subscription, message)) {
      this.#queue.add(`${message.type} ${message.device}`, message);
    }
  }

  takeNotice(notice: Notice): void {
    if (notice.type === "alive") this.#checkAlive();
    if (!this.#subscription && notice.type !== "connection") return;
    const isOther = "device" in notice && !includesDevice(this.#subscription!, notice.device);
    if (!isOther) this.#send(notice);
  }

  frameDemand(device: string): FrameDemand {
    return this.#subscription ? frameDemandOf(this.#subscription, device) : "none";
  }

  takeFrame(frame: DeviceFrame): void {
    this.#queue.addFrame(frame);
  }

  #wants(subscription: Subscription | undefined, { type, device }: DeviceMessage): boolean {
    return subscription !== undefined && subscription.topics.has(type) &&
      includesDevice(subscription, device);
  }

  /** Sends the latest state of what was not subscribed to before. */
  #sendSnapshot(before: Subscription | undefined): void {
    const subscription = this.#subscription!;
    for (const device of this.#hub.devices) {
      const messages = this.#hub.snapshot(device).filter((message) =>
        this.#wants(subscription, message) && !this.#wants(before, message)
      );
      for (const message of messages) this.takeMessage(message);
      const isNew = includesDevice(subscription, device) &&
        (messages.length > 0 || !before || !includesDevice(before, device));
      if (!isNew) continue;
      const agoMs = Math.round(1000 * (this.#hub.silentS(device) ?? 0));
      this.#send({ type: "heard", device, ago_ms: agoMs });
    }
    if (before) return;
    const { hidden, alarms } = this.#hub;
    if (hidden > 0) this.#send({ type: "hidden", count: hidden });
    if (alarms) this.#send({ type: "alarms", alarms });
  }

  #send(notice: Notice): void {
    const key = "device" in notice ? `presence ${notice.device}` : notice.type;
    this.#queue.add(key, { text: JSON.stringify(notice) });
  }

  #checkAlive(): void {
    const isDead = this.#nowMs() - this.#aliveMs > DEAD_MS;
    if (isDead || this.#queue.blockedMs > DEAD_MS) this.#socket.terminate();
    else this.#socket.ping();
  }

  #reject(reason: string): void {
    this.#socket.close(CLOSE.policyViolation, reason);
  }
}
