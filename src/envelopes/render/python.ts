import type { Field, Type } from "../fields/field.ts";
import { COMMAND_QUEUES, type Topic, TOPIC_TABLE, TOPICS } from "../fields/table.ts";
import { type Classes, classes, type ClassRow, fieldText, pascalCase, wrap } from "./classes.ts";

const HEADER = `"""The messages of physiology_server as dataclasses.

Generated from src/envelopes/fields by \`deno task docs\`; do not edit. A value that is None, or a
series that is empty, is absent from the message. Later versions of the server may add keys and
values of the Literal types: unknown keys are ignored, and unknown values are passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, Literal, Mapping, Optional, Tuple, Union

from ._decode import (
    EnvelopeError,
    boolean,
    choice,
    from_base64,
    integer,
    items,
    mapping,
    number,
    optional,
    required,
    text,
    true,
)
`;

const WIDTH = 100;
const INDENT = " ".repeat(4);

/** The text of `_envelopes.py`: a dataclass for each group of the field table, and each topic. */
export function pythonEnvelopes(): string {
  const all = classes();
  const literal = (values: readonly string[]) =>
    values.map((value) => `${INDENT}${JSON.stringify(value)},\n`).join("");
  return [
    HEADER,
    [
      `Topic = Literal[\n${literal(TOPICS)}]\n`,
      `TOPICS: Tuple[Topic, ...] = (\n${literal(TOPICS)})\n`,
      "# The Redis lists that take recording commands, after the prefix and a colon.\n" +
      `COMMAND_QUEUES = (${COMMAND_QUEUES.map((name) => JSON.stringify(name)).join(", ")})\n`,
      ...all.choices.map(({ name, meanings }) =>
        `${name} = Literal[\n${literal(Object.keys(meanings))}]\n`
      ),
    ].join(""),
    ...all.rows.map((row) => dataclass(row, all)),
    ...TOPICS.map(envelope),
    `Envelope = Union[\n${
      TOPICS.map((topic) => `${INDENT}${pascalCase(topic)}Envelope,\n`).join("")
    }]\n`,
    decoder(),
  ].join("\n\n");
}

function dataclass({ name, description, fields }: ClassRow, all: Classes): string {
  const isRequired = ([, { when }]: readonly [string, Field]) => when === undefined;
  // Python requires fields with a default after those without one.
  const sorted = [
    ...fields.filter(isRequired),
    ...fields.filter((entry) => !isRequired(entry)),
  ];
  const attributes = sorted.map(([key, field]) =>
    `${INDENT}${key}: ${attributeType(field, all)}\n${docstring(fieldText(field), INDENT)}`
  );
  const reads = sorted.map(([key, field]) =>
    `${INDENT.repeat(3)}${key}=${reader(key, field, all)},\n`
  );
  return `@dataclass(frozen=True)
class ${name}:
${docstring(description, INDENT)}
${attributes.join("")}
    @classmethod
    def decode(cls, value: Any) -> ${name}:
        data = mapping(value)
        return cls(
${reads.join("")}        )
`;
}

function attributeType({ type, when }: Field, all: Classes): string {
  if (type.kind === "list") {
    return `Tuple[${typeName(type.item, all)}, ...]${when === undefined ? "" : " = ()"}`;
  }
  return when === undefined ? typeName(type, all) : `Optional[${typeName(type, all)}] = None`;
}

function typeName(type: Type, all: Classes): string {
  switch (type.kind) {
    case "number":
      return "float";
    case "integer":
    case "time":
      return "int";
    case "boolean":
      return "bool";
    case "text":
      return "str";
    case "base64":
      return "bytes";
    case "constant":
      return type.value === true ? "Literal[True]" : "str";
    case "choice":
      return type.name;
    case "group":
      return all.nameOf(type);
    case "list":
      return `Tuple[${typeName(type.item, all)}, ...]`;
  }
}

function reader(key: string, { type, when }: Field, all: Classes): string {
  const [how, item] = type.kind === "list"
    ? ["items", type.item as Type]
    : [when === undefined ? "required" : "optional", type];
  return `${how}(data, ${JSON.stringify(key)}, ${decoderName(item, all)})`;
}

function decoderName(type: Type, all: Classes): string {
  switch (type.kind) {
    case "number":
    case "boolean":
    case "text":
    case "choice":
    case "integer":
      return type.kind;
    case "time":
      return "integer";
    case "base64":
      return "from_base64";
    case "constant":
      return type.value === true ? "true" : "text";
    case "group":
      return `${all.nameOf(type)}.decode`;
    case "list":
      throw new Error("Lists of lists have no decoder");
  }
}

function envelope(topic: Topic): string {
  const { title, cadence, timestamp } = TOPIC_TABLE[topic];
  const name = pascalCase(topic);
  return `@dataclass(frozen=True)
class ${name}Envelope:
${docstring(`${title}. ${cadence}`, INDENT)}
    timestamp: int
${docstring(`${timestamp} In microseconds since the Unix epoch.`, INDENT)}    payload: ${name}
    device: str = ""
${
    docstring(
      "Name of the device: the key prefix in Redis, or the name that the page shows.",
      INDENT,
    )
  }    type: Literal["${topic}"] = "${topic}"
`;
}

function decoder(): string {
  const rows = TOPICS.map((topic) => {
    const name = pascalCase(topic);
    return `    "${topic}": lambda timestamp, payload, device: ${name}Envelope(
        timestamp, ${name}.decode(payload), device
    ),\n`;
  });
  return `_DECODERS: Dict[str, Callable[[int, Any, str], Envelope]] = {
${rows.join("")}}


def decode_envelope(data: Mapping[str, Any], device: str = "") -> Envelope:
    """Returns the envelope of a parsed JSON object.

    :raises EnvelopeError: if it is not an envelope of a known type
    """
    kind = required(data, "type", text)
    decode = _DECODERS.get(kind)
    if decode is None:
        raise EnvelopeError(f"Unknown type of envelope: {kind}")
    return decode(required(data, "timestamp", integer), required(data, "payload", mapping), device)
`;
}

function docstring(text: string, indent: string): string {
  const lines = wrap(text.replaceAll("\\", "\\\\"), WIDTH - indent.length - 6);
  return `${indent}"""${lines.join(`\n${indent}`)}"""\n`;
}
