import { PRIORITIES } from "../alarms/rules.ts";
import { inRulesFile, readRulesFile, type RulesFile } from "../alarms/rules_file.ts";
import type { JsonNode } from "../base/json_document.ts";
import { combinePermissions, type Permissions } from "../config/permissions.ts";
import { hostOf, httpUrl } from "./http_target.ts";
import type { Target } from "./notifier.ts";
import { NOTIFIERS } from "./notifiers/list.ts";

/** Limits of `repeat_s`, in seconds. */
const REPEAT_S = [10, 86_400] as const;

/** What the alert service reads from a file of alarm rules. */
export interface AlertRules extends Pick<RulesFile, "rules"> {
  readonly targets: readonly Target[];
  /** URL that is requested every minute while the service works. */
  readonly heartbeatUrl: URL | undefined;
  /** Seconds after which an active alarm of high priority is sent again. */
  readonly repeatS: number | undefined;
}

/**
 * Reads the rules, the targets and the heartbeat.
 *
 * @throws {ConfigError} if the file cannot be read or used
 */
export function readAlertRules(path: string, readText = Deno.readTextFileSync): AlertRules {
  const file = readRulesFile(path, readText);
  return inRulesFile(path, () => ({
    rules: file.rules,
    targets: file.notify?.list().map(targetOf) ?? [],
    heartbeatUrl: file.heartbeat && httpUrl(file.heartbeat, false),
    repeatS: file.repeat?.number(REPEAT_S),
  }));
}

/** Returns the hosts, files and programs that the targets need. */
export function targetPermissions({ targets, heartbeatUrl }: AlertRules): Permissions {
  return combinePermissions([
    ...targets.map(({ permissions }) => permissions),
    { net: heartbeatUrl ? [hostOf(heartbeatUrl)] : [] },
  ]);
}

function targetOf(node: JsonNode, index: number): Target {
  const object = node.object();
  const kind = object.require("kind").choice(Object.keys(NOTIFIERS));
  const name = object.get("name")?.string() ?? `${kind} ${index + 1}`;
  const minPriority = object.get("min_priority")?.choice(PRIORITIES) ?? "low";
  const target = { name, minPriority, ...NOTIFIERS[kind]!(object) };
  object.refuseOthers();
  return target;
}
