import { PRIORITIES } from "../../../alarms/rules.ts";
import { matchesGlob } from "../../../base/glob.ts";
import type { Alarm } from "../protocol.ts";
import type { DeviceView } from "./device.ts";

/** What is wrong with a device, from the worst on. */
const TROUBLES = ["high", "medium", "low", "silent", "withheld", "ok"] as const;
export type Trouble = typeof TROUBLES[number];

export type SortOrder = "trouble" | "name" | "group";

/** Improvements reorder the devices after this time, so that they do not jump. */
const HOLD_MS = 5000;

/** Returns the alarm of a device to show: not acknowledged before acknowledged, then by priority. */
export function foremostAlarm(alarms: readonly Alarm[]): Alarm | undefined {
  return alarms.toSorted((a, b) =>
    Number(a.acknowledged) - Number(b.acknowledged) ||
    PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) || a.since - b.since
  )[0];
}

/** Returns what is wrong with a device. An acknowledged alarm ranks by the state of the device. */
export function troubleOf(view: DeviceView, alarm: Alarm | undefined): Trouble {
  if (alarm && !alarm.acknowledged) return alarm.priority;
  if (view.silent) return "silent";
  if (alarm) return "low";
  const isMissing = view.pulse.value === undefined || view.breathing.value === undefined;
  return isMissing || view.duplicate ? "withheld" : "ok";
}

/** Returns the group of a device: that of the rules, or the part before its last hyphen. */
export function groupOf(
  name: string,
  groups: Readonly<Record<string, readonly string[]>> = {},
): string {
  const ofRules = Object.entries(groups).find(([, patterns]) =>
    patterns.some((pattern) => matchesGlob(pattern, name))
  );
  return ofRules?.[0] ?? name.slice(0, Math.max(0, name.lastIndexOf("-")));
}

/** What the overview sorts and filters. */
export interface Ranked {
  readonly name: string;
  readonly group: string;
  readonly trouble: Trouble;
}

export interface OrderOptions {
  readonly sort: SortOrder;
  /** Part of the name or group, in any case. */
  readonly filter: string;
  readonly troubleOnly: boolean;
}

/** Sorts and filters devices. A device that gets worse moves at once, one that recovers after 5 s. */
export class TroubleOrder {
  readonly #held = new Map<string, { rank: number; sinceMs: number }>();

  order<T extends Ranked>(devices: readonly T[], options: OrderOptions, nowMs: number): T[] {
    const ranks = new Map(devices.map((each) => [each.name, this.#rank(each, nowMs)]));
    for (const name of this.#held.keys()) if (!ranks.has(name)) this.#held.delete(name);
    const text = options.filter.trim().toLowerCase();
    const ok = TROUBLES.indexOf("ok");
    const isShown = ({ name, group }: T) =>
      (!options.troubleOnly || ranks.get(name)! < ok) &&
      (name.toLowerCase().includes(text) || group.toLowerCase().includes(text));
    const byName = (a: T, b: T) => collator.compare(a.name, b.name);
    const comparisons: Readonly<Record<SortOrder, (a: T, b: T) => number>> = {
      trouble: (a, b) => ranks.get(a.name)! - ranks.get(b.name)! || byName(a, b),
      name: byName,
      group: (a, b) => collator.compare(a.group, b.group) || byName(a, b),
    };
    return devices.filter(isShown).sort(comparisons[options.sort]);
  }

  #rank({ name, trouble }: Ranked, nowMs: number): number {
    const rank = TROUBLES.indexOf(trouble);
    const held = this.#held.get(name);
    if (!held || rank <= held.rank || nowMs - held.sinceMs >= HOLD_MS) {
      this.#held.set(name, { rank, sinceMs: nowMs });
      return rank;
    }
    return held.rank;
  }
}

/** Orders "bed-2" before "bed-10". */
const collator = new Intl.Collator("en", { numeric: true });
