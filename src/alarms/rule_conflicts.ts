import type { AlarmRule, LimitRule } from "./rules.ts";

/** Returns why a rule cannot be used beside those before it; undefined if it can. */
export function conflictOf(rule: AlarmRule, before: readonly AlarmRule[]): string | undefined {
  if (before.some(({ name }) => name === rule.name)) {
    return `the name "${rule.name}" is there twice`;
  }
  if (rule.condition !== "limit") return undefined;
  const limits = before.filter((other) => other.condition === "limit")
    .filter((other) => other.vital === rule.vital && haveCommonDevices(other, rule));
  for (const other of [rule, ...limits]) {
    const conflict = conflictBetween(rule, other) ?? conflictBetween(other, rule);
    if (conflict !== undefined) {
      return other === rule ? conflict : `${conflict}: see the rule "${other.name}"`;
    }
  }
  return undefined;
}

/** Two limits contradict each other if no value would end both alarms. */
function conflictBetween(upper: LimitRule, lower: LimitRule): string | undefined {
  if (upper.above === undefined || lower.below === undefined) return undefined;
  if (lower.below + lower.hysteresis <= upper.above - upper.hysteresis) return undefined;
  return `no ${upper.vital} is within "above" ${upper.above} and "below" ${lower.below} with ` +
    "their hysteresis";
}

/** True if both have the same names or patterns, or one is for every device. */
function haveCommonDevices(a: LimitRule, b: LimitRule): boolean {
  const every = [...a.devices, ...b.devices].includes("*");
  return every || a.devices.some((device) => b.devices.includes(device));
}
