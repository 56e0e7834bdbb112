import type { Topic } from "../envelopes/envelope.ts";
import { MjpegStream } from "./mjpeg_stream.ts";

/** Maximum number of devices, so that invented key prefixes cannot exhaust the memory. */
const MAX_DEVICES = 64;
/** Maximum number of devices without a place that are counted. */
const MAX_HIDDEN = 1000;
/** A device that has been silent for longer may be replaced by a new one, in milliseconds. */
const EVICTION_MS = 60_000;
/** Metrics older than this are not sent to a new subscriber, in milliseconds. */
const MAX_METRIC_AGE_MS = 3000;
/** Maximum length of an event. Chosen: core metrics of five seconds have some 20,000 characters. */
const MAX_EVENT_CHARACTERS = 256 * 1024;
/** Queue length at which a slow subscriber is disconnected; it reconnects by itself. */
const QUEUED_EVENTS = 200;

/** Maximum number of subscribers to the events, and to the video of each device. */
export const MAX_SUBSCRIBERS = 64;

interface Device {
  lastSeenMs: number;
  /** The newest event of each topic and its time of arrival, for new subscribers. */
  readonly latest: Map<Topic, { readonly event: string; readonly atMs: number }>;
  readonly video: MjpegStream;
}

export interface LatestMessage {
  /** From a publisher that may send anything. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly ageS: number;
}

export interface HubOptions {
  /** Devices that always have a place, whatever else publishes. @default none */
  readonly named?: readonly string[];
  /** Called with true for the first subscriber to a device's video, and false after the last left. */
  readonly onVideoSubscribed?: (device: string, subscribed: boolean) => void;
  /** @default performance.now */
  readonly nowMs?: () => number;
}

/**
 * Publish-subscribe hub between devices and browsers: keeps the latest state of each device and
 * sends each message to all subscribers as server-sent events (SSE), and frames as motion JPEG. A
 * slow subscriber is disconnected instead of delaying the others.
 */
export class Hub {
  readonly #devices = new Map<string, Device>();
  readonly #subscribers = new Set<ReadableStreamDefaultController<string>>();
  readonly #onVideoSubscribed: (device: string, subscribed: boolean) => void;
  readonly #nowMs: () => number;
  readonly #named: ReadonlySet<string>;
  /** Devices without a place, and when they were last seen. */
  readonly #hidden = new Map<string, number>();
  #connected = true;

  constructor(
    { named = [], onVideoSubscribed = () => {}, nowMs = () => performance.now() }: HubOptions = {},
  ) {
    this.#named = new Set(named);
    this.#onVideoSubscribed = onVideoSubscribed;
    this.#nowMs = nowMs;
  }

  get devices(): readonly string[] {
    return [...this.#devices.keys()];
  }

  /** Number of subscribers to the events. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  has(device: string): boolean {
    return this.#devices.has(device);
  }

  /** Returns the newest message of a topic with its age since its arrival, if there was one. */
  latest(device: string, topic: Topic): LatestMessage | undefined {
    const latest = this.#devices.get(device)?.latest.get(topic);
    if (!latest) return undefined;
    const { payload } = JSON.parse(latest.event);
    return { payload, ageS: (this.#nowMs() - latest.atMs) / 1000 };
  }

  /** Returns the seconds since the last message of a device, or undefined for an unknown one. */
  silentS(device: string): number | undefined {
    const known = this.#devices.get(device);
    return known && (this.#nowMs() - known.lastSeenMs) / 1000;
  }

  /** Returns true while the device's video has subscribers. */
  hasVideoSubscribers(device: string): boolean {
    return (this.#devices.get(device)?.video.subscribers ?? 0) > 0;
  }

  /** Publishes a parsed envelope of `topic`; ignores anything that is not a valid envelope. */
  publishEnvelope(device: string, { topic, envelope }: {
    readonly topic: Exclude<Topic, "frame">;
    readonly envelope: unknown;
  }): void {
    const event = toEvent(device, { topic, envelope });
    const known = event === undefined ? undefined : this.#findOrAdd(device);
    if (!known || event === undefined) return;
    known.latest.set(topic, { event, atMs: known.lastSeenMs });
    this.#broadcast(event);
  }

  /** Publishes a frame; ignores anything that is not a JPEG. */
  publishFrame(device: string, jpeg: Uint8Array<ArrayBuffer>): void {
    if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return;
    this.#findOrAdd(device)?.video.publish(jpeg);
  }

  /** Publishes whether the devices' broker is connected. */
  setConnected(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#broadcast(JSON.stringify({ type: "connection", connected }));
  }

  /**
   * Adds a subscriber and returns its server-sent events, which begin with the latest state.
   * Returns undefined if there are too many subscribers.
   */
  events(): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    if (this.#subscribers.size >= MAX_SUBSCRIBERS) return undefined;
    let subscriber: ReadableStreamDefaultController<string>;
    const stream = new ReadableStream<string>({
      start: (controller) => {
        subscriber = controller;
        this.#subscribers.add(controller);
        controller.enqueue("retry: 1000\n\n");
        controller.enqueue(sse(JSON.stringify({ type: "connection", connected: this.#connected })));
        for (const event of this.#snapshot()) controller.enqueue(sse(event));
        if (this.#hidden.size > 0) controller.enqueue(sse(this.#hiddenEvent()));
      },
      cancel: () => void this.#subscribers.delete(subscriber),
    }, { highWaterMark: QUEUED_EVENTS + MAX_DEVICES * 6 });
    return stream.pipeThrough(new TextEncoderStream()) as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  /** The latest state of each device, and how long ago it was last seen. */
  *#snapshot(): Generator<string> {
    const nowMs = this.#nowMs();
    for (const [device, { latest, lastSeenMs }] of this.#devices) {
      for (const [topic, { event, atMs }] of latest) {
        const isState = topic === "status" || topic === "recording_state";
        if (isState || nowMs - atMs < MAX_METRIC_AGE_MS) yield event;
      }
      yield JSON.stringify({ type: "heard", device, ago_ms: Math.round(nowMs - lastSeenMs) });
    }
  }

  /** Sends a comment that keeps idle connections open and detects dead ones; call it regularly. */
  keepAlive(): void {
    const before = this.#hidden.size;
    const nowMs = this.#nowMs();
    for (const [name, seenMs] of this.#hidden) {
      if (this.#devices.has(name) || nowMs - seenMs > EVICTION_MS) this.#hidden.delete(name);
    }
    if (before > 0) this.#broadcast(this.#hiddenEvent());
    this.#send(": alive\n\n");
  }

  /** How many devices are not shown, because there are too many. */
  #hiddenEvent(): string {
    return JSON.stringify({ type: "hidden", count: this.#hidden.size });
  }

  /**
   * Returns a device's video as multipart JPEG, or undefined if the device is unknown or has too
   * many subscribers.
   */
  video(device: string): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    const video = this.#devices.get(device)?.video;
    return video && video.subscribers < MAX_SUBSCRIBERS ? video.subscribe() : undefined;
  }

  /** Ends all streams. */
  close(): void {
    for (const subscriber of [...this.#subscribers]) this.#disconnect(subscriber);
    for (const { video } of this.#devices.values()) video.close();
  }

  #broadcast(event: string): void {
    this.#send(sse(event));
  }

  #send(text: string): void {
    for (const subscriber of [...this.#subscribers]) {
      if ((subscriber.desiredSize ?? 0) > 0) subscriber.enqueue(text);
      else this.#disconnect(subscriber);
    }
  }

  #disconnect(subscriber: ReadableStreamDefaultController<string>): void {
    this.#subscribers.delete(subscriber);
    try {
      subscriber.close();
    } catch {
      // The client has disconnected already.
    }
  }

  #findOrAdd(name: string): Device | undefined {
    const nowMs = this.#nowMs();
    let device = this.#devices.get(name);
    if (!device) {
      if (!this.#hasPlace(name) && !this.#evictOne(nowMs)) {
        if (this.#hidden.size < MAX_HIDDEN) this.#hidden.set(name, nowMs);
        return undefined;
      }
      device = {
        lastSeenMs: nowMs,
        latest: new Map(),
        video: new MjpegStream((subscribed) => this.#onVideoSubscribed(name, subscribed)),
      };
      this.#devices.set(name, device);
    }
    device.lastSeenMs = nowMs;
    return device;
  }

  /** Named devices have places of their own. */
  #hasPlace(name: string): boolean {
    if (this.#named.has(name)) return true;
    const others = [...this.#devices.keys()].filter((each) => !this.#named.has(each));
    return others.length < Math.max(0, MAX_DEVICES - this.#named.size);
  }

  #evictOne(nowMs: number): boolean {
    for (const [name, device] of this.#devices) {
      if (this.#named.has(name)) continue;
      if (nowMs - device.lastSeenMs < EVICTION_MS || device.video.subscribers > 0) continue;
      this.#devices.delete(name);
      this.#broadcast(JSON.stringify({ type: "gone", device: name }));
      return true;
    }
    return false;
  }
}

function sse(data: string): string {
  return `data: ${data}\n\n`;
}

/** Returns the event for an envelope, or undefined if it is invalid or replayed. */
function toEvent(device: string, { topic, envelope }: {
  readonly topic: Exclude<Topic, "frame">;
  readonly envelope: unknown;
}): string | undefined {
  if (!isRecord(envelope) || envelope["type"] !== topic) return undefined;
  const { timestamp, payload } = envelope;
  if (!Number.isFinite(timestamp) || !isRecord(payload)) return undefined;
  // Replayed messages are outdated; only the last recording state is valid however late it is.
  if (topic !== "recording_state" && isReplayed(payload)) return undefined;
  // The page reads traces from the core metrics, so of the edge metrics only `signal` is sent.
  const content = topic === "edge_metrics" ? { signal: payload["signal"] } : payload;
  const event = JSON.stringify({ type: topic, device, timestamp, payload: content });
  return event.length > MAX_EVENT_CHARACTERS ? undefined : event;
}

function isReplayed({ metadata }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(metadata) && metadata["replayed"] === true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
