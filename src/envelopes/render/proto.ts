import { STATUS_TABLE } from "../../vitals/condition/status_table.ts";
import type { Field, GroupType, ProtoOnlyField, Type } from "../fields/field.ts";
import { TOPIC_TABLE, type TopicRow } from "../fields/table.ts";

interface ProtoField {
  readonly number: number;
  /** Without the semicolon. */
  readonly declaration: string;
  readonly description: string;
}

interface ProtoMessage {
  readonly name: string;
  readonly description: string;
  readonly fields: Map<number, ProtoField>;
}

const HEADER = `// The measurements of physiology_server. Generated from src/envelopes/fields by
// \`deno task docs\`; do not edit. Field numbers below 100 of the messages Measurement,
// DetectionStatus, MeasurementWithConfidence, Strict, Pulse, Breathing, BloodPressure, Landmarks,
// Face, Metadata, MetricsBuffer, Metrics and StatusValue are those of the published metric
// messages; numbers from 100 are additions.
syntax = "proto3";

package presage.physiology;
`;

type NumberedField = Extract<Field["proto"], { readonly number: number }>;

/** Published messages that this server never sends. */
const UNUSED = `// Published; never sent by this server.
message Trace {
  repeated Measurement sample = 1;
}

// Published; never sent by this server.
message MicroMotion {
  repeated Measurement glutes = 1;
  repeated Measurement knees = 2;
}
`;

/** The text of \`metrics.proto\`: a message for each group of the field table. */
export function metricsProto(): string {
  const messages = new Map<string, ProtoMessage>();
  for (const { payload, protoTimestamp } of Object.values<TopicRow>(TOPIC_TABLE)) {
    if (!hasProto(payload)) continue;
    collect(messages, payload);
    if (protoTimestamp === undefined) continue;
    add(messages.get(payload.name), {
      declaration: `int64 timestamp = ${protoTimestamp}`,
      description: "Timestamp of the envelope, in µs since the Unix epoch.",
    });
  }
  return [HEADER, ...[...messages.values()].map(messageText), UNUSED, statusCodes()].join("\n");
}

function hasProto({ fields }: GroupType): boolean {
  return Object.values(fields).some(({ proto }) => typeof proto === "number" || "number" in proto);
}

/** Adds the group after those that it consists of; groups of one name share a message. */
function collect(messages: Map<string, ProtoMessage>, group: GroupType): void {
  for (const field of Object.values(group.fields)) {
    const proto = protoOf(field);
    const inner = innermost(field.type);
    if (proto && inner.kind === "group") collect(messages, inner);
    const wrapper = proto?.wrapper;
    if (!wrapper) continue;
    const wrapping = messageNamed(messages, {
      name: wrapper.message,
      description: field.description,
    });
    add(wrapping, { declaration: `${typeText(field)} ${wrapper.field} = 1`, description: "" });
  }
  const message = messageNamed(messages, group);
  for (const [name, field] of Object.entries(group.fields)) {
    const proto = protoOf(field);
    if (!proto) continue;
    const type = proto.wrapper?.message ?? proto.type ?? typeText(field);
    add(message, {
      declaration: `${type} ${proto.name ?? name} = ${proto.number}`,
      description: described(field),
    });
  }
  for (const field of group.protoOnly) add(message, field);
}

function messageNamed(
  messages: Map<string, ProtoMessage>,
  { name, description }: { readonly name: string; readonly description: string },
): ProtoMessage {
  const found = messages.get(name);
  if (found) return found;
  const message = { name, description, fields: new Map<number, ProtoField>() };
  messages.set(name, message);
  return message;
}

/** @throws {RangeError} for two fields of one message with the same number */
function add(
  message: ProtoMessage | undefined,
  { declaration, description }: ProtoOnlyField,
): void {
  if (!message) return;
  const number = Number(declaration.split(" = ")[1]);
  const before = message.fields.get(number);
  if (before && before.declaration !== declaration) {
    throw new RangeError(
      `Cannot use the number ${number} twice in ${message.name}: ${before.declaration} and ${declaration}`,
    );
  }
  message.fields.set(number, before ?? { number, declaration, description });
}

function protoOf({ proto }: Field): NumberedField | undefined {
  if (typeof proto === "number") return { number: proto };
  return "omitted" in proto ? undefined : proto;
}

function innermost(type: Type): Type {
  return type.kind === "list" ? innermost(type.item) : type;
}

function typeText({ type, when }: Pick<Field, "type" | "when">): string {
  switch (type.kind) {
    case "number":
      return "float";
    case "integer":
      return "int64";
    case "boolean":
      return "bool";
    case "text":
    case "base64":
    case "choice":
      return "string";
    case "constant":
      return typeof type.value === "string" ? "string" : "bool";
    case "time":
      return "int64";
    case "group":
      return type.name;
    case "list":
      return `repeated ${typeText({ type: type.item, ...when === undefined ? {} : { when } })}`;
  }
}

function described({ description, unit }: Field): string {
  return unit === undefined ? description : `${description} Unit: ${unit}.`;
}

function messageText({ name, description, fields }: ProtoMessage): string {
  const sorted = [...fields.values()].sort((a, b) => a.number - b.number);
  const lines = sorted.map(({ declaration, description }) =>
    `${comment(description, "  ")}  ${declaration};\n`
  );
  return `${comment(description, "")}message ${name} {\n${lines.join("")}}\n`;
}

function statusCodes(): string {
  const sorted = Object.entries(STATUS_TABLE).sort(([, a], [, b]) => a.code - b.code);
  const rows = sorted.map(([name, { code, message }]) =>
    `${comment(message, "  ")}  ${name} = ${code};\n`
  );
  return `// Condition of the measurement.\nenum StatusCode {\n${rows.join("")}}\n`;
}

const WIDTH = 100;

function comment(text: string, indent: string): string {
  let lines = "";
  let line = "";
  for (const word of text.split(" ").filter(Boolean)) {
    if (line && `${indent}// ${line} ${word}`.length > WIDTH) {
      lines += `${indent}// ${line}\n`;
      line = "";
    }
    line = line ? `${line} ${word}` : word;
  }
  return line ? `${lines}${indent}// ${line}\n` : lines;
}
