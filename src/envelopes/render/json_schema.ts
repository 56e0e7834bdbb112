import type { Field, GroupType, Type } from "../fields/field.ts";
import { type Topic, TOPIC_TABLE } from "../fields/table.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

const DIALECT = "https://json-schema.org/draft/2020-12/schema";

/** Options of `envelopeSchema`. */
export interface SchemaOptions {
  /**
   * Refuse keys that are not documented. The published schemas allow them, since later versions of
   * the server may add keys; the tests do not.
   *
   * @default false
   */
  readonly closed?: boolean;
}

/** JSON Schema (draft 2020-12) of the envelope of one topic. */
export function envelopeSchema(topic: Topic, options: SchemaOptions = {}): JsonSchema {
  const { title, cadence, timestamp, payload } = TOPIC_TABLE[topic];
  const definitions = new Map<string, JsonSchema>();
  const writer = { definitions, ...options };
  const payloadSchema = groupSchema(payload as GroupType, writer);
  return {
    $schema: DIALECT,
    title,
    description: cadence,
    type: "object",
    properties: {
      type: { const: topic, description: "Kind of the message." },
      timestamp: {
        type: "integer",
        minimum: 0,
        description: `${timestamp} In microseconds since the Unix epoch; strictly increasing.`,
      },
      payload: payloadSchema,
    },
    required: ["type", "timestamp", "payload"],
    additionalProperties: false,
    ...definitions.size > 0 ? { $defs: Object.fromEntries(definitions) } : {},
  };
}

interface Writer extends SchemaOptions {
  readonly definitions: Map<string, JsonSchema>;
}

function groupSchema({ description, fields }: GroupType, writer: Writer): JsonSchema {
  const rows = Object.entries(fields);
  const required = rows.filter(([, { when }]) => when === undefined).map(([name]) => name);
  return {
    type: "object",
    description,
    properties: Object.fromEntries(rows.map(([name, field]) => [name, fieldSchema(field, writer)])),
    ...required.length > 0 ? { required } : {},
    // An object without any measurement is left out as a whole.
    minProperties: 1,
    ...writer.closed ? { additionalProperties: false } : {},
  };
}

function fieldSchema(field: Field, writer: Writer): JsonSchema {
  const { type, range, when } = field;
  const description = [
    field.description,
    field.unit === undefined ? "" : `Unit: ${field.unit}.`,
    when === undefined ? "" : `Present when: ${when}`,
  ].filter(Boolean).join(" ");
  return {
    ...typeSchema(type, writer),
    ...range === undefined ? {} : { minimum: range[0], maximum: range[1] },
    description,
  };
}

function typeSchema(type: Type, writer: Writer): JsonSchema {
  switch (type.kind) {
    case "number":
      return { type: "number" };
    case "integer":
      return { type: "integer" };
    case "boolean":
      return { type: "boolean" };
    case "text":
      return { type: "string" };
    case "base64":
      return { type: "string", contentEncoding: "base64", contentMediaType: type.mediaType };
    case "time":
      return { type: "integer", minimum: 0 };
    case "constant":
      return { const: type.value };
    case "choice":
      return { enum: Object.keys(type.meanings) };
    case "list":
      return { type: "array", items: typeSchema(type.item, writer), minItems: 1 };
    case "group": {
      // Groups of one name differ between topics, but not within one.
      if (!writer.definitions.has(type.name)) {
        writer.definitions.set(type.name, groupSchema(type, writer));
      }
      return { $ref: `#/$defs/${type.name}` };
    }
  }
}
