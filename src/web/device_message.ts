import type { Topic } from "../envelopes/envelope.ts";

/** Topics of envelopes, which are JSON; frames are binary. */
export type EnvelopeTopic = Exclude<Topic, "frame">;

/** An envelope of which only the outer form is certain: any publisher may have written it. */
export interface UntrustedEnvelope {
  readonly timestamp: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The envelope of a device. It is encoded once, when the first client needs the text. */
export class DeviceMessage implements UntrustedEnvelope {
  readonly device: string;
  readonly topic: EnvelopeTopic;
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
    { timestamp, payload }: UntrustedEnvelope,
  ) {
    this.device = device;
    this.topic = topic;
    this.timestamp = timestamp;
    this.payload = payload;
    this.atMs = atMs;
  }

  /** The envelope as JSON, with the device as its fourth key. */
  get text(): string {
    const { topic: type, timestamp, payload, device } = this;
    return this.#text ??= JSON.stringify({ type, timestamp, payload, device });
  }

  /** True if it is delivered late, after an outage. */
  get isReplayed(): boolean {
    const { metadata } = this.payload;
    return isRecord(metadata) && metadata["replayed"] === true;
  }
}

/** Returns `envelope` if it has the form of one of `topic`. */
export function asEnvelope(topic: EnvelopeTopic, envelope: unknown): UntrustedEnvelope | undefined {
  if (!isRecord(envelope) || envelope["type"] !== topic) return undefined;
  const { timestamp, payload } = envelope;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp) || !isRecord(payload)) {
    return undefined;
  }
  return { timestamp, payload };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
