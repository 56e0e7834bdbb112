import { ConfigError, reasonOf } from "../base/errors.ts";
import {
  JsonError,
  type JsonNode,
  type JsonObject,
  parseJsonDocument,
} from "../base/json_document.ts";
import { STATUS_TABLE, type StatusName } from "../vitals/condition/status_table.ts";
import { conflictOf } from "./rule_conflicts.ts";
import { type AlarmRule, type AlarmRules, PRIORITIES, type Vital, VITALS } from "./rules.ts";

/** Far above any real file. Chosen, so that a wrong path does not fill the memory. */
const MAX_CHARACTERS = 1_048_576;
const MAX_SECONDS = 86_400;

const NAME = {
  regex: /^[\w.-]{1,64}$/,
  description: "a name of 1 to 64 letters, digits, dots, hyphens or underscores",
};
const DEVICE = {
  regex: /^[^\s\p{Cc}]{1,200}$/u,
  description: "the name of a device, or a pattern, without spaces",
};
const CONDITIONS = ["apnea", "silent", "no_trusted_value", "status"] as const;
const STATUSES = Object.keys(STATUS_TABLE) as StatusName[];

/** The range of each vital sign that the server publishes, per minute. */
const RANGES = { pulse: [30, 220], breathing: [4, 40] } as const satisfies Record<Vital, unknown>;
/** What a rule has that does not say otherwise. Chosen. */
const DEFAULTS = {
  priority: "medium",
  dwellS: { limit: 10, apnea: 0, status: 5 },
  hysteresis: { pulse: 3, breathing: 1 },
  afterS: { silent: 10, no_trusted_value: 300 },
} as const;

/** What a file of alarm rules contains. */
export interface RulesFile {
  readonly rules: AlarmRules;
  /** Names or patterns of the devices of each group. */
  readonly groups: Groups;
  /** Where alarms are sent to, which only the alert service reads. */
  readonly notify?: JsonNode;
  readonly heartbeat?: JsonNode;
}

/**
 * Reads a file of alarm rules.
 *
 * @throws {ConfigError} if the file cannot be read or used; the message has the line and the column
 */
export function readRulesFile(path: string, readText = Deno.readTextFileSync): RulesFile {
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the alarm rules ${path}: ${reasonOf(cause)}`, { cause });
  }
  if (text.length > MAX_CHARACTERS) {
    throw new ConfigError(`Cannot use the alarm rules ${path}: the file is larger than 1 MiB`);
  }
  return inRulesFile(path, () => parseRules(text.replace(/^\uFEFF/, "")));
}

/**
 * Runs a function that reads values of a file of alarm rules.
 *
 * @throws {ConfigError} instead of a `JsonError`, with the path, the line and the column
 */
export function inRulesFile<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { message, line, column } = error;
    throw new ConfigError(`Cannot use the alarm rules ${path}:${line}:${column}: ${message}`);
  }
}

/**
 * Parses alarm rules.
 *
 * @throws {JsonError} if they cannot be used
 */
export function parseRules(text: string): RulesFile {
  const document = parseJsonDocument(text).object();
  const rulesNode = document.require("rules");
  const groupsNode = document.get("groups");
  const minConfidence = document.get("min_confidence")?.number([0, 1]) ?? 0;
  const notify = document.get("notify");
  const heartbeat = document.get("heartbeat_url");
  document.refuseOthers();
  const groups = groupsNode ? groupsOf(groupsNode) : new Map<string, readonly string[]>();
  const rules: AlarmRule[] = [];
  for (const node of rulesNode.list()) {
    const rule = ruleOf(node.object(), groups);
    const conflict = conflictOf(rule, rules);
    if (conflict !== undefined) throw node.error(conflict);
    rules.push(rule);
  }
  return {
    rules: { rules, minConfidence },
    groups,
    ...notify && { notify },
    ...heartbeat && { heartbeat },
  };
}

export type Groups = ReadonlyMap<string, readonly string[]>;

function groupsOf(node: JsonNode): Groups {
  node.object();
  return new Map(
    [...node.members].map(([name, { key, value }]) => {
      key.string(NAME);
      return [name, value.list().map((device) => device.string(DEVICE))];
    }),
  );
}

function ruleOf(object: JsonObject, groups: Groups): AlarmRule {
  const common = {
    name: object.require("name").string(NAME),
    priority: object.get("priority")?.choice(PRIORITIES) ?? DEFAULTS.priority,
    devices: devicesOf(object, groups),
  };
  const condition = object.get("condition")?.choice(CONDITIONS);
  const rule = { ...common, ...conditionOf(object, condition) };
  object.refuseOthers();
  return rule;
}

function devicesOf(object: JsonObject, groups: Groups): readonly string[] {
  const devices = object.get("devices")?.list().map((device) => device.string(DEVICE));
  const groupNode = object.get("group");
  if (!groupNode) return devices ?? ["*"];
  if (devices) throw groupNode.error(`"devices" and "group" contradict each other: choose one`);
  if (groups.size === 0) {
    throw groupNode.error(`the group "${groupNode.string(NAME)}" does not exist`);
  }
  return groups.get(groupNode.choice([...groups.keys()]))!;
}

type ConditionOf<Rule> = Rule extends AlarmRule ? Omit<Rule, "name" | "priority" | "devices">
  : never;

function conditionOf(
  object: JsonObject,
  condition: typeof CONDITIONS[number] | undefined,
): ConditionOf<AlarmRule> {
  switch (condition) {
    case undefined:
      return limitOf(object);
    case "apnea":
      return { condition, dwellS: dwellOf(object, condition) };
    case "status": {
      const statuses = object.require("status").list().map((node) => node.choice(STATUSES));
      return { condition, statuses, dwellS: dwellOf(object, condition) };
    }
    case "silent":
      return { condition, afterS: afterOf(object, condition) };
    case "no_trusted_value": {
      const vital = object.require("vital").choice(VITALS);
      return { condition, vital, afterS: afterOf(object, condition) };
    }
  }
}

function limitOf(object: JsonObject): ConditionOf<AlarmRule> {
  const vitalNode = object.get("vital");
  const [above, below] = [object.get("above"), object.get("below")];
  const hysteresis = object.get("hysteresis")?.number([0, 50]);
  const dwellS = dwellOf(object, "limit");
  object.refuseOthers();
  if (!vitalNode) {
    throw object.node.error(`a rule needs "vital" with a limit, or "condition"`);
  }
  const vital = vitalNode.choice(VITALS);
  if (!above && !below) throw object.node.error(`the limit "above" or "below" is missing`);
  return {
    condition: "limit",
    vital,
    ...above && { above: above.number(RANGES[vital]) },
    ...below && { below: below.number(RANGES[vital]) },
    hysteresis: hysteresis ?? DEFAULTS.hysteresis[vital],
    dwellS,
  };
}

function dwellOf(object: JsonObject, condition: keyof typeof DEFAULTS.dwellS): number {
  return object.get("dwell_s")?.number([0, MAX_SECONDS]) ?? DEFAULTS.dwellS[condition];
}

function afterOf(object: JsonObject, condition: keyof typeof DEFAULTS.afterS): number {
  return object.get("after_s")?.number([1, MAX_SECONDS]) ?? DEFAULTS.afterS[condition];
}
