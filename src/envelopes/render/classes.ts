import type { ChoiceType, Field, GroupType, Type } from "../fields/field.ts";
import { type Topic, TOPIC_TABLE, TOPICS } from "../fields/table.ts";

/** A group of the field table as a class of a client package. */
export interface ClassRow {
  /** Unique among all classes. */
  readonly name: string;
  readonly description: string;
  readonly fields: readonly (readonly [name: string, field: Field])[];
}

/** What the client packages declare. */
export interface Classes {
  /** Each after those that it consists of. */
  readonly rows: readonly ClassRow[];
  readonly choices: readonly ChoiceType[];
  /** Returns the name of the class of a group. */
  nameOf(group: GroupType): string;
}

/**
 * The groups of all topics. The payload of a topic is named after the topic. Groups of one name
 * that differ between topics keep it in the first topic, and have the topic before it in others.
 */
export function classes(): Classes {
  const names = new Map<GroupType, string>();
  const choices = new Map<string, ChoiceType>();
  const rows: ClassRow[] = [];
  const visit = (type: Type, topic: Topic) => {
    if (type.kind === "list") visit(type.item, topic);
    if (type.kind === "choice") choices.set(type.name, type);
    if (type.kind !== "group" || names.has(type)) return;
    const fields = Object.entries((type as GroupType).fields);
    for (const [, field] of fields) visit(field.type, topic);
    const isPayload = type === TOPIC_TABLE[topic].payload;
    const taken = rows.some(({ name }) => name === type.name);
    const name = isPayload ? pascalCase(topic) : taken ? pascalCase(topic) + type.name : type.name;
    names.set(type, name);
    rows.push({ name, description: type.description, fields });
  };
  for (const topic of TOPICS) visit(TOPIC_TABLE[topic].payload, topic);
  return {
    rows,
    choices: [...choices.values()],
    nameOf(group) {
      const name = names.get(group);
      if (name === undefined) throw new Error(`The group ${group.name} belongs to no topic`);
      return name;
    },
  };
}

/** Everything that the table says about a field, in sentences. */
export function fieldText({ description, unit, when }: Field): string {
  return [
    description,
    unit === undefined ? "" : `Unit: ${unit}.`,
    when === undefined ? "" : `Present when: ${when}`,
  ].filter(Boolean).join(" ");
}

/** `core_metrics` → `CoreMetrics`. */
export function pascalCase(name: string): string {
  return name.split("_").map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
}

/** Breaks a text into lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter(Boolean)) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line ? `${line} ${word}` : word;
  }
  return line ? [...lines, line] : lines;
}
