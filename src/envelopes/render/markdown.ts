import { STATUS_TABLE } from "../../vitals/condition/status_table.ts";
import { WITHHELD_REASONS } from "../../vitals/withheld.ts";
import type { Field, GroupType, Type } from "../fields/field.ts";
import { type Topic, TOPIC_TABLE, TOPICS } from "../fields/table.ts";

const INTRODUCTION = `# Envelopes

Every message, on every transport, is one JSON object with three keys:

\`\`\`json
{"type": "core_metrics", "timestamp": 1234567890123456, "payload": {}}
\`\`\`

- \`type\` is the kind of message, and the last part of its channel: \`{prefix}:core_metrics\`. The
  default prefix is \`physiology\` (\`--redis_key_prefix\`).
- \`timestamp\` is the time that the data describe, in microseconds since the Unix epoch. It is an
  integer and increases strictly within a type. Subtract it from your own clock to get the age of
  a value.
- A missing measurement is a missing key: never 0, null, NaN, or an empty list. Check for the key.
- Later versions may add keys. Documented keys are never renamed or removed.

JSON Schemas (draft 2020-12) are in [schema/](schema/), an AsyncAPI 3 description of all channels
and queues is [asyncapi.json](asyncapi.json). gRPC carries the same fields; see [GRPC.md](GRPC.md).
`;

/** The reference of all messages for the authors of subscribers: `docs/ENVELOPES.md`. */
export function envelopesPage(
  { examples }: { readonly examples: Readonly<Record<Topic, unknown>> },
): string {
  const topics = TOPICS.map((topic) => topicSection(topic, examples[topic]));
  return [GENERATED, INTRODUCTION, ...topics, statusSection(), withheldSection()].join("\n");
}

const GENERATED =
  "<!-- Generated from src/envelopes/fields by `deno task docs`; do not edit. -->\n";

function topicSection(topic: Topic, example: unknown): string {
  const { title, cadence, timestamp, payload } = TOPIC_TABLE[topic];
  const rows = [...fieldRows(payload as GroupType, "")];
  return [
    `## ${topic}`,
    `${title}. ${cadence}`,
    `\`timestamp\`: ${timestamp}`,
    table(["field of `payload`", "type", "unit", "meaning", "present"], rows),
    "An example from a run of the server:",
    "```json\n" + JSON.stringify(shortened(example), null, 2) + "\n```\n",
  ].join("\n\n");
}

function* fieldRows({ fields }: GroupType, path: string): Generator<readonly string[]> {
  for (const [name, field] of Object.entries(fields)) {
    const here = `${path}${name}`;
    const { type, when, description } = field;
    yield [
      `\`${here}\``,
      typeName(type),
      unitOf(field),
      description,
      when ?? "always",
    ];
    const inner = type.kind === "list" ? type.item as Type : type;
    if (inner.kind === "group") {
      yield* fieldRows(inner, `${here}${type.kind === "list" ? "[]" : ""}.`);
    }
  }
}

function typeName(type: Type): string {
  switch (type.kind) {
    case "number":
      return "number";
    case "integer":
    case "time":
      return "integer";
    case "boolean":
      return "boolean";
    case "base64":
      return "string, in base64";
    case "text":
    case "choice":
      return "string";
    case "constant":
      return `\`${JSON.stringify(type.value)}\``;
    case "group":
      return "object";
    case "list":
      return `array of ${typeName(type.item)}`.replace(/of object$/, "of objects").replace(
        /of number$/,
        "of numbers",
      );
  }
}

function unitOf({ unit, range }: Field): string {
  const limits = range && range[1] !== Number.MAX_SAFE_INTEGER ? `${range[0]} to ${range[1]}` : "";
  return [unit, limits].filter(Boolean).join(", ");
}

function statusSection(): string {
  const statuses = Object.entries(STATUS_TABLE);
  const texts = statuses.map(([name, { code, message, hint, advice }]) => [
    String(code),
    `\`${name}\``,
    message,
    hint,
    advice,
  ]);
  const limits = statuses.map(([name, { begins, ends }]) => [`\`${name}\``, begins, ends]);
  return [
    "## Status codes",
    "If several conditions hold, the first of this table is published. A status changes only after " +
    "the condition has held for 0.5 s.",
    table(["code", "name", "message", "hint", "for the operator"], texts),
    "Each condition has one limit to begin and another to end (hysteresis), so that a value near a " +
    "limit does not toggle the status.",
    table(["name", "begins", "ends"], limits),
    "",
  ].join("\n\n");
}

function withheldSection(): string {
  const rows = Object.entries(WITHHELD_REASONS).map((
    [reason, meaning],
  ) => [`\`${reason}\``, meaning]);
  return ["## Reasons for a withheld value", table(["reason", "meaning"], rows), ""].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Long lists and texts are cut, so that an example fits on a screen. */
function shortened(value: unknown): unknown {
  if (typeof value === "string") return value.length > 80 ? `${value.slice(0, 60)}...` : value;
  if (Array.isArray(value)) return value.slice(0, 2).map(shortened);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each)]));
}
