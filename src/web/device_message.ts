import type { Topic } from "../envelopes/envelope.ts";
import { isRecord, isReplayed, type ReceivedEnvelope } from "../envelopes/received.ts";

/** Topics of envelopes, which are JSON; frames are binary. */
export type EnvelopeTopic = Exclude<Topic, "frame">;

/** The envelope of a device. It is encoded once, when the first client needs the text. */
export class DeviceMessage implements ReceivedEnvelope {
  readonly device: string;
  readonly type: EnvelopeTopic;
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Time of its arrival, monotonic. */
  readonly atMs: number;
  #text: string | undefined;

  constructor(
    { device, topic, atMs }: {
      readonly device: string;
      readonly topic: EnvelopeTopic;
      readonly atMs: number;
    },
    { timestamp, payload }: ReceivedEnvelope,
  ) {
    this.device = device;
    this.type = topic;
    this.timestamp = timestamp;
    this.payload = payload;
    this.atMs = atMs;
  }

  /** The envelope as JSON, with the device as its fourth key. */
  get text(): string {
    const { type, timestamp, payload, device } = this;
    return this.#text ??= JSON.stringify({ type, timestamp, payload, device });
  }

  /** True if it is delivered late, after an outage. */
  get isReplayed(): boolean {
    return isReplayed(this);
  }
}

/** Returns `envelope` if it has the form of one of `topic`. */
export function asEnvelope(topic: EnvelopeTopic, envelope: unknown): ReceivedEnvelope | undefined {
  if (!isRecord(envelope) || envelope["type"] !== topic) return undefined;
  const { timestamp, payload } = envelope;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp) || !isRecord(payload)) {
    return undefined;
  }
  return { type: topic, timestamp, payload };
}
