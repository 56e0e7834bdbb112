import type { EpochUs, MonotonicUs } from "../base/time.ts";
import { encodeEnvelope, type Envelope, type FrameImage, type MetricTopic } from "./envelope.ts";

/** An encoded envelope: core and edge metrics, status, recording state. */
export interface MetricOutgoing {
  readonly kind: "metric";
  readonly topic: MetricTopic;
  /** Timestamp of the envelope. */
  readonly timestamp: EpochUs;
  /** The envelope as UTF-8 JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A video frame; of those that wait, only the newest is sent. */
export interface FrameOutgoing {
  readonly kind: "frame";
  readonly topic: "frame";
  readonly timestamp: EpochUs;
  /** Capture time, from which its age follows. */
  readonly captureUs: MonotonicUs;
  readonly image: FrameImage;
}

/** What a transport sends. */
export type Outgoing = MetricOutgoing | FrameOutgoing;

/** A message on the bus. */
export type Message = EnvelopeMessage | FrameOutgoing;

/** An envelope on the bus. It is encoded once, when the first sink asks for the bytes. */
export class EnvelopeMessage implements MetricOutgoing {
  readonly kind = "metric";
  readonly envelope: Envelope;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(envelope: Envelope) {
    this.envelope = envelope;
  }

  get topic(): MetricTopic {
    return this.envelope.type;
  }

  get timestamp(): EpochUs {
    return this.envelope.timestamp;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= encodeEnvelope(this.envelope);
  }
}
