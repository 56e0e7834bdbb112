import {
  create,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import type { Envelope } from "../../envelopes/envelope.ts";
import {
  type Metrics,
  type MetricsBuffer,
  MetricsBufferSchema,
  MetricsSchema,
  type StatusValue,
  StatusValueSchema,
} from "./gen/metrics_pb.ts";

type EnvelopeOf<T extends Envelope["type"]> = Extract<Envelope, { type: T }>;
type Json = Readonly<Record<string, unknown>>;

/** Protobuf fields that follow from the JSON fields of the same message. */
type Derived = (json: Json, secondsOf: (timestamp: unknown) => number) => Json;

const timeOf: Derived = ({ timestamp }, secondsOf) => ({ time: secondsOf(timestamp) });

const DERIVED: Readonly<Record<string, Derived>> = {
  Measurement: (json, secondsOf) => ({ ...timeOf(json, secondsOf), stable: true }),
  MeasurementWithConfidence: timeOf,
  DetectionStatus: timeOf,
  Landmarks: timeOf,
  Metadata: ({ boot_id, sequence, sent_at }, secondsOf) => ({
    id: `${boot_id}-${sequence}`,
    ...sent_at === undefined ? {} : { sent_at_s: secondsOf(sent_at) },
  }),
  StatusValue: ({ code }) => ({ value: code }),
};

/**
 * Converts envelopes to the messages of metrics.proto. Both follow from the field table, so that
 * the Protobuf descriptor finds each value under its JSON name; an absent value stays absent.
 */
export class Converter {
  #startUs: number | undefined;
  readonly #secondsOf = (timestamp: unknown) =>
    (Number(timestamp) - (this.#startUs ?? Number(timestamp))) / 1e6;

  /** Sets the origin of `time`, if it has none yet. */
  setOrigin({ timestamp }: { readonly timestamp: number }): void {
    this.#startUs ??= timestamp;
  }

  coreMetrics({ timestamp, payload }: EnvelopeOf<"core_metrics">): MetricsBuffer {
    const metadata = { ...payload.metadata, sent_at: timestamp };
    return this.#convert(MetricsBufferSchema, { timestamp, ...payload, metadata });
  }

  edgeMetrics({ timestamp, payload }: EnvelopeOf<"edge_metrics">): Metrics {
    return this.#convert(MetricsSchema, { timestamp, ...payload });
  }

  status({ timestamp, payload }: EnvelopeOf<"status">): StatusValue {
    return this.#create(StatusValueSchema, { timestamp, ...payload });
  }

  #convert<Schema extends DescMessage>(
    schema: Schema,
    json: Json & { readonly timestamp: number },
  ): MessageShape<Schema> {
    this.setOrigin(json);
    return this.#create(schema, json);
  }

  #create<Schema extends DescMessage>(schema: Schema, json: Json): MessageShape<Schema> {
    return create(schema, this.#message(schema, json) as MessageShape<Schema>);
  }

  #message(schema: DescMessage, json: Json): Record<string, unknown> {
    const derive = DERIVED[schema.name];
    const source: Json = derive ? { ...json, ...derive(json, this.#secondsOf) } : json;
    const message: Record<string, unknown> = {};
    for (const field of schema.fields) {
      const value = source[field.name];
      if (value !== undefined) message[field.localName] = this.#value(field, value);
    }
    return message;
  }

  #value(field: DescField, value: unknown): unknown {
    switch (field.fieldKind) {
      case "list":
        return field.listKind === "message"
          ? (value as readonly Json[]).map((item) => this.#message(field.message, item))
          : value;
      case "message":
        // A list of JSON is the only field of a message of its own.
        return this.#message(
          field.message,
          Array.isArray(value) ? { [field.message.fields[0]?.name ?? ""]: value } : value as Json,
        );
      case "scalar":
        return field.scalar === ScalarType.INT64 ? BigInt(value as number) : value;
      default:
        return value;
    }
  }
}
