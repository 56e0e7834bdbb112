import type { FrameImage, MetricTopic, Topic } from "../envelopes/envelope.ts";
import type { Alarm } from "../alarms/alarm.ts";
import type { ReceivedEnvelope } from "../envelopes/received.ts";
import { DeviceFrame } from "./device_frame.ts";
import { asEnvelope, DeviceMessage } from "./device_message.ts";
import { DevicePlaces } from "./device_places.ts";
import { type FrameDemand, FrameFanout } from "./frame_fanout.ts";

/** Silence after which a device counts as silent, in milliseconds: its status repeats every 5 s. */
const SILENT_MS = 5000;
/** Metrics older than this are not sent to a new subscriber, in milliseconds. */
const MAX_METRIC_AGE_MS = 3000;

/** What subscribers receive beside the envelopes of devices. */
export type Notice =
  | { readonly type: "heard"; readonly device: string; readonly ago_ms: number }
  | { readonly type: "gone"; readonly device: string }
  | { readonly type: "connection"; readonly connected: boolean }
  | { readonly type: "hidden"; readonly count: number }
  | { readonly type: "alarms"; readonly alarms: readonly Alarm[] }
  | { readonly type: "alive" };

/** A receiver of everything that the hub publishes. */
export interface Subscriber {
  /** Takes an envelope that is not replayed. Never waits and never throws. */
  takeMessage?(message: DeviceMessage): void;
  /** Takes an envelope that a device delivers late. */
  takeReplayed?(message: DeviceMessage): void;
  takeNotice?(notice: Notice): void;
}

export interface LatestMessage {
  /** From a publisher that may send anything. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Time since its arrival. */
  readonly ageS: number;
}

export interface HubOptions {
  /** Devices that always have a place, whatever else publishes. @default none */
  readonly named?: readonly string[];
  /** Called when the demand of all viewers for the frames of a device has changed. */
  readonly onFrameDemand?: (device: string, demand: FrameDemand) => void;
  /** Monotonic time. @default performance.now */
  readonly nowMs?: () => number;
}

interface Device {
  heardMs: number;
  /** The newest message of each topic, for new subscribers. */
  readonly latest: Map<Topic, DeviceMessage>;
}

/**
 * Publish-subscribe hub between devices and clients: keeps the latest state of each device, and
 * passes each message to all subscribers and each frame to its viewers.
 */
export class Hub {
  /** The frames of all devices. */
  readonly frames: FrameFanout;
  readonly #devices = new Map<string, Device>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #closing = new Set<() => void>();
  readonly #places: DevicePlaces;
  readonly #nowMs: () => number;
  #connected = true;
  #alarms: readonly Alarm[] | undefined;
  #hidden = 0;

  constructor(
    { named = [], onFrameDemand = () => {}, nowMs = () => performance.now() }: HubOptions = {},
  ) {
    this.#nowMs = nowMs;
    this.#places = new DevicePlaces(named);
    this.frames = new FrameFanout({ onDemand: onFrameDemand, nowMs });
  }

  get devices(): readonly string[] {
    return [...this.#devices.keys()];
  }

  /** True while the broker of the devices is connected. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Number of devices that are not shown, because there are too many. */
  get hidden(): number {
    return this.#places.hidden;
  }

  /** All alarms; undefined if there are no rules for them. */
  get alarms(): readonly Alarm[] | undefined {
    return this.#alarms;
  }

  has(device: string): boolean {
    return this.#devices.has(device);
  }

  /** Returns the device that a request names, or the only one if it names none; undefined for others. */
  deviceOf(name: string | null): string | undefined {
    const device = name ?? (this.#devices.size === 1 ? this.devices[0] : undefined);
    return device !== undefined && this.has(device) ? device : undefined;
  }

  /** Returns the newest message of a topic with its age, if there was one. */
  latest(device: string, topic: Topic): LatestMessage | undefined {
    const message = this.#devices.get(device)?.latest.get(topic);
    return message && { payload: message.payload, ageS: (this.#nowMs() - message.atMs) / 1000 };
  }

  /** Returns the seconds since the last message of a device, or undefined for an unknown one. */
  silentS(device: string): number | undefined {
    const known = this.#devices.get(device);
    return known && (this.#nowMs() - known.heardMs) / 1000;
  }

  /** Returns true if a device has sent nothing for 5 s or more, or is unknown. */
  isSilent(device: string): boolean {
    return (this.silentS(device) ?? Infinity) * 1000 >= SILENT_MS;
  }

  /** Adds a subscriber; returns a function that removes it. */
  subscribe(subscriber: Subscriber): () => void {
    this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  /** Adds something to do at `close()`; returns a function that removes it. */
  onClose(end: () => void): () => void {
    this.#closing.add(end);
    return () => void this.#closing.delete(end);
  }

  /** The latest messages of a device for a new subscriber, without outdated metrics. */
  snapshot(device: string): readonly DeviceMessage[] {
    const nowMs = this.#nowMs();
    return [...this.#devices.get(device)?.latest.values() ?? []].filter(({ type, atMs }) =>
      type === "status" || type === "recording_state" || nowMs - atMs < MAX_METRIC_AGE_MS
    );
  }

  /** Publishes a parsed envelope of `topic`; ignores anything that is not a valid envelope. */
  publishEnvelope(device: string, { topic, envelope }: {
    readonly topic: MetricTopic;
    readonly envelope: unknown;
  }): void {
    const valid = asEnvelope(topic, envelope);
    if (valid) this.#publish({ device, topic, atMs: this.#nowMs() }, valid);
  }

  #publish(
    about: { readonly device: string; readonly topic: MetricTopic; readonly atMs: number },
    envelope: ReceivedEnvelope,
  ): void {
    const message = new DeviceMessage(about, envelope);
    // Only the last recording state is valid however late it is.
    const isLate = message.type !== "recording_state" && message.isReplayed;
    if (isLate) {
      if (!this.#devices.has(message.device)) return;
      for (const subscriber of this.#subscribers) subscriber.takeReplayed?.(message);
      return;
    }
    const known = this.#findOrAdd(message.device);
    if (!known) return;
    known.latest.set(message.type, message);
    for (const subscriber of this.#subscribers) subscriber.takeMessage?.(message);
  }

  /** Publishes a frame; ignores anything that is not a JPEG. */
  publishFrame(device: string, image: FrameImage): void {
    if (image.jpeg[0] !== 0xff || image.jpeg[1] !== 0xd8) return;
    if (this.#findOrAdd(device)) this.frames.publish(new DeviceFrame(device, image));
  }

  /** Publishes whether the devices' broker is connected. */
  setConnected(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#notify({ type: "connection", connected });
  }

  /** Publishes the list of alarms. */
  setAlarms(alarms: readonly Alarm[]): void {
    this.#alarms = alarms;
    this.#notify({ type: "alarms", alarms });
  }

  /** Removes a silent device until it is heard again. */
  dismiss(device: string): "dismissed" | "unknown" | "heard" {
    if (!this.has(device)) return "unknown";
    if (!this.isSilent(device)) return "heard";
    this.#remove(device);
    return "dismissed";
  }

  /** Keeps idle connections open and detects dead ones; call it every few seconds. */
  keepAlive(): void {
    this.#places.refresh({ isShown: (name) => this.has(name), nowMs: this.#nowMs() });
    if (this.hidden !== this.#hidden) this.#notify({ type: "hidden", count: this.hidden });
    this.#hidden = this.hidden;
    this.#notify({ type: "alive" });
  }

  /** Ends all streams. */
  close(): void {
    for (const end of [...this.#closing]) end();
  }

  #notify(notice: Notice): void {
    for (const subscriber of this.#subscribers) subscriber.takeNotice?.(notice);
  }

  #findOrAdd(name: string): Device | undefined {
    const nowMs = this.#nowMs();
    const known = this.#devices.get(name);
    if (known) {
      const wasSilent = nowMs - known.heardMs >= SILENT_MS;
      known.heardMs = nowMs;
      if (wasSilent) this.#notify({ type: "heard", device: name, ago_ms: 0 });
      return known;
    }
    const place = this.#places.place(name, { shown: this.#devices, nowMs });
    if (place === "full") return undefined;
    if (place.evicted !== undefined) this.#remove(place.evicted);
    const device = { heardMs: nowMs, latest: new Map() };
    this.#devices.set(name, device);
    this.frames.addDevice(name);
    return device;
  }

  #remove(name: string): void {
    this.#devices.delete(name);
    this.frames.removeDevice(name);
    this.#notify({ type: "gone", device: name });
  }
}
