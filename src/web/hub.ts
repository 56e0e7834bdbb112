import type { Topic } from "../envelopes/envelope.ts";
import { FrameFeed } from "./frame_feed.ts";

/** More than a ward has; a publisher that invents prefixes must not fill our memory. */
const MAX_DEVICES = 64;
/** A device that was silent for so long makes room for another. */
const FORGET_MS = 60_000;
/** What was measured so long ago is not told to a browser that comes: it would look like now. */
const OLD_MS = 3000;
/** Core metrics of five seconds are some 20 KB; what is far larger is no envelope of ours. */
const MAX_EVENT_CHARACTERS = 256 * 1024;
/** Events that wait for one browser. It gets the newest of each kind when it comes back. */
const QUEUED_EVENTS = 200;

export const MAX_VIEWERS = 64;

interface Device {
  heardMs: number;
  /** The newest event of each kind and when it came, for a browser that comes later. */
  readonly newest: Map<Topic, { readonly event: string; readonly atMs: number }>;
  readonly frames: FrameFeed;
}

export interface HubOptions {
  /** Called when the first viewer of a device's video comes, and when the last has gone. */
  readonly onWatch?: (device: string, watched: boolean) => void;
  /** @default performance.now */
  readonly nowMs?: () => number;
}

/**
 * Between the devices and the browsers: keeps the newest of everything and hands each message to
 * every browser, as server-sent events and as motion JPEG. A slow browser is let go and comes
 * back; it never holds up the others.
 */
export class Hub {
  readonly #devices = new Map<string, Device>();
  readonly #viewers = new Set<ReadableStreamDefaultController<string>>();
  readonly #onWatch: (device: string, watched: boolean) => void;
  readonly #nowMs: () => number;
  #connected = true;

  constructor({ onWatch = () => {}, nowMs = () => performance.now() }: HubOptions = {}) {
    this.#onWatch = onWatch;
    this.#nowMs = nowMs;
  }

  get devices(): readonly string[] {
    return [...this.#devices.keys()];
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  has(device: string): boolean {
    return this.#devices.has(device);
  }

  /** True while somebody watches the device's video. */
  watched(device: string): boolean {
    return (this.#devices.get(device)?.frames.watchers ?? 0) > 0;
  }

  /** Takes a parsed envelope of `topic`; what is none is passed over. */
  takeEnvelope(device: string, { topic, envelope }: {
    readonly topic: Exclude<Topic, "frame">;
    readonly envelope: unknown;
  }): void {
    const event = eventOf(device, { topic, envelope });
    const known = event === undefined ? undefined : this.#deviceOf(device);
    if (!known || event === undefined) return;
    known.newest.set(topic, { event, atMs: known.heardMs });
    this.#broadcast(event);
  }

  /** Takes a picture; what is no JPEG is passed over. */
  takeFrame(device: string, jpeg: Uint8Array<ArrayBuffer>): void {
    if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return;
    this.#deviceOf(device)?.frames.publish(jpeg);
  }

  /** Says whether the devices' broker is there. */
  setConnected(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#broadcast(JSON.stringify({ type: "connection", connected }));
  }

  /** Server-sent events, beginning with the newest of everything; undefined: too many viewers. */
  events(): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    if (this.#viewers.size >= MAX_VIEWERS) return undefined;
    let own: ReadableStreamDefaultController<string>;
    const stream = new ReadableStream<string>({
      start: (controller) => {
        own = controller;
        this.#viewers.add(controller);
        controller.enqueue("retry: 1000\n\n");
        controller.enqueue(sse(JSON.stringify({ type: "connection", connected: this.#connected })));
        for (const event of this.#recall()) controller.enqueue(sse(event));
      },
      cancel: () => void this.#viewers.delete(own),
    }, { highWaterMark: QUEUED_EVENTS + MAX_DEVICES * 6 });
    return stream.pipeThrough(new TextEncoderStream()) as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  /** What a browser that comes has to know, and how long each device has been silent. */
  *#recall(): Generator<string> {
    const nowMs = this.#nowMs();
    for (const [device, { newest, heardMs }] of this.#devices) {
      for (const [topic, { event, atMs }] of newest) {
        const lasting = topic === "status" || topic === "recording_state";
        if (lasting || nowMs - atMs < OLD_MS) yield event;
      }
      yield JSON.stringify({ type: "heard", device, ago_ms: Math.round(nowMs - heardMs) });
    }
  }

  /** Keeps quiet connections open and finds those that went; called every few seconds. */
  keepAlive(): void {
    this.#send(": alive\n\n");
  }

  /** A device's video as multipart JPEG; undefined where there is none, or too many watch. */
  video(device: string): ReadableStream<Uint8Array<ArrayBuffer>> | undefined {
    const frames = this.#devices.get(device)?.frames;
    return frames && frames.watchers < MAX_VIEWERS ? frames.watch() : undefined;
  }

  /** Ends all streams. */
  close(): void {
    for (const viewer of [...this.#viewers]) this.#dismiss(viewer);
    for (const { frames } of this.#devices.values()) frames.close();
  }

  #broadcast(event: string): void {
    this.#send(sse(event));
  }

  #send(text: string): void {
    for (const viewer of [...this.#viewers]) {
      if ((viewer.desiredSize ?? 0) > 0) viewer.enqueue(text);
      else this.#dismiss(viewer);
    }
  }

  #dismiss(viewer: ReadableStreamDefaultController<string>): void {
    this.#viewers.delete(viewer);
    try {
      viewer.close();
    } catch {
      // it has gone by itself
    }
  }

  #deviceOf(name: string): Device | undefined {
    const nowMs = this.#nowMs();
    let device = this.#devices.get(name);
    if (!device) {
      if (this.#devices.size >= MAX_DEVICES && !this.#forgetOne(nowMs)) return undefined;
      device = {
        heardMs: nowMs,
        newest: new Map(),
        frames: new FrameFeed((watched) => this.#onWatch(name, watched)),
      };
      this.#devices.set(name, device);
    }
    device.heardMs = nowMs;
    return device;
  }

  #forgetOne(nowMs: number): boolean {
    for (const [name, device] of this.#devices) {
      if (nowMs - device.heardMs < FORGET_MS || device.frames.watchers > 0) continue;
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

/** What a browser is told of an envelope, or undefined where it is none. */
function eventOf(device: string, { topic, envelope }: {
  readonly topic: Exclude<Topic, "frame">;
  readonly envelope: unknown;
}): string | undefined {
  if (!isRecord(envelope) || envelope["type"] !== topic) return undefined;
  const { timestamp, payload } = envelope;
  if (!Number.isFinite(timestamp) || !isRecord(payload)) return undefined;
  // What comes late must not look like what is; of recording states the last to come holds.
  if (topic !== "recording_state" && isReplayed(payload)) return undefined;
  // The curves come with the core metrics already: of the rest only the signal is shown.
  const shown = topic === "edge_metrics" ? { signal: payload["signal"] } : payload;
  const event = JSON.stringify({ type: topic, device, timestamp, payload: shown });
  return event.length > MAX_EVENT_CHARACTERS ? undefined : event;
}

function isReplayed({ metadata }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(metadata) && metadata["replayed"] === true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
