import { encodeEnvelope, type Envelope, type Topic } from "./envelope.ts";
import type { FrameOutgoing, MetricOutgoing } from "./outgoing.ts";

/** A message on the bus. */
export type Message = EnvelopeMessage | FrameOutgoing;

/** An envelope on the bus; its bytes are made once, when the first sink asks for them. */
export class EnvelopeMessage implements MetricOutgoing {
  readonly kind = "metric";
  readonly envelope: Envelope;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(envelope: Envelope) {
    this.envelope = envelope;
  }

  get topic(): Exclude<Topic, "frame"> {
    return this.envelope.type;
  }

  /** Timestamp of the envelope, in microseconds since the Unix epoch. */
  get timestamp(): number {
    return this.envelope.timestamp;
  }

  /** The envelope as UTF-8 JSON. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes ??= encodeEnvelope(this.envelope);
  }
}
