import type { MetricTopic } from "../envelopes/envelope.ts";
import { asReceived, isReplayed, type ReceivedEnvelope } from "../envelopes/received.ts";

/** The envelope of a device. It is encoded once, when the first client needs the text. */
export class DeviceMessage implements ReceivedEnvelope {
  readonly device: string;
  readonly type: MetricTopic;
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Time of its arrival, monotonic. */
  readonly atMs: number;
  #text: string | undefined;

  constructor(
    { device, topic, atMs }: {
      readonly device: string;
      readonly topic: MetricTopic;
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
export function asEnvelope(topic: MetricTopic, envelope: unknown): ReceivedEnvelope | undefined {
  const received = asReceived(envelope);
  return received?.type === topic ? received : undefined;
}
