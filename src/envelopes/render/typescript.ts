import type { Field, Type } from "../fields/field.ts";
import { COMMAND_QUEUES, TOPIC_TABLE, TOPICS } from "../fields/table.ts";
import { type Classes, classes, type ClassRow, fieldText, pascalCase, wrap } from "./classes.ts";

const HEADER = `/**
 * The messages of physiology_server. Generated from src/envelopes/fields by \`deno task docs\`; do
 * not edit. Later versions of the server may add keys, reasons and names of statuses.
 */
`;

const WIDTH = 100;

/** The text of `envelopes.ts`: an interface for each group of the field table. */
export function typescriptEnvelopes(): string {
  const all = classes();
  return [
    HEADER,
    ...all.choices.map(({ name, meanings }) =>
      `export type ${name} =\n${
        Object.entries(meanings).map(([value, meaning]) =>
          `${comment(String(meaning), "  ")}  | ${JSON.stringify(value)}\n`
        ).join("").trimEnd()
      };\n`
    ),
    ...all.rows.map((row) => declaration(row, all)),
    payloads(),
    `/** The kinds of message. */
export type Topic = keyof Payloads;

export const TOPICS: readonly Topic[] = [
${TOPICS.map((topic) => `  ${JSON.stringify(topic)},\n`).join("")}];

/** The Redis lists that take recording commands, after the prefix and a colon. */
export const COMMAND_QUEUES: readonly string[] = ${JSON.stringify(COMMAND_QUEUES)};
`,
  ].join("\n");
}

function declaration({ name, description, fields }: ClassRow, all: Classes): string {
  const lines = fields.map(([key, field]) =>
    `${comment(commentText(field), "  ")}  readonly ${key}${field.when === undefined ? "" : "?"}: ${
      typeName(field.type, all)
    };\n`
  );
  return `${comment(description, "")}export interface ${name} {\n${lines.join("")}}\n`;
}

function commentText(field: Field): string {
  return field.type.kind === "base64" ? `${fieldText(field)} In base64.` : fieldText(field);
}

function payloads(): string {
  const rows = TOPICS.map((topic) =>
    `${comment(`${TOPIC_TABLE[topic].title}. ${TOPIC_TABLE[topic].cadence}`, "  ")}` +
    `  readonly ${topic}: ${pascalCase(topic)};\n`
  );
  return `/** The payload of each kind of message. */\nexport interface Payloads {\n${
    rows.join("")
  }}\n`;
}

function typeName(type: Type, all: Classes): string {
  switch (type.kind) {
    case "number":
    case "integer":
    case "time":
      return "number";
    case "boolean":
      return "boolean";
    case "text":
    case "base64":
      return "string";
    case "constant":
      return JSON.stringify(type.value);
    case "choice":
      return type.name;
    case "group":
      return all.nameOf(type);
    case "list":
      return `readonly ${typeName(type.item, all)}[]`;
  }
}

function comment(text: Field["description"], indent: string): string {
  const short = `${indent}/** ${text} */`;
  if (short.length <= WIDTH) return `${short}\n`;
  const lines = wrap(text, WIDTH - indent.length - 3).map((line) => `${indent} * ${line}\n`);
  return `${indent}/**\n${lines.join("")}${indent} */\n`;
}
